// What the compiler needs to start.
