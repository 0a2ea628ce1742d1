// Nothing is wrong here, which compile_fail.cmake has to notice.
// expect: any error
int answer() {
  return 42;
}
