// The umbrella header alone.
#include <mote/mote.hpp>
