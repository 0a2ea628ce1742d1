// Another error than the expected comes first, which compile_fail.cmake has to notice.
// expect: beta
#error alpha
#error beta
