# What targets/firmware_size.cmake, run_firmware.cmake, measure_firmware.cmake and
# stack_bound.cmake refuse.
#
#   cmake -DCASE=size -DTARGETS=<targets/> -DCC=<host's C compiler> -DSCRATCH=<folder> -P firmware_scripts.cmake
#   cmake -DCASE=stack -DTARGETS=<targets/> -DSCRATCH=<folder> -P firmware_scripts.cmake
#   cmake -DCASE=run -DTARGETS=<targets/> -DDEMO=<folder> -DELF=<file> -DSCRATCH=<folder> -P firmware_scripts.cmake
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE ${SCRATCH})
file(MAKE_DIRECTORY ${SCRATCH})

# script(<name> <-D...>...) leaves `status` and, without CMake's line breaks, `said`.
function(script name)
  execute_process(COMMAND ${CMAKE_COMMAND} ${ARGN} -DOUTPUT_JSON=${SCRATCH}/out.json -P ${TARGETS}/${name}.cmake
    RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  set(status ${status} PARENT_SCOPE)
  set(said "${said}" PARENT_SCOPE)
endfunction()

function(expect_failure pattern)
  if(status EQUAL 0 OR NOT said MATCHES "${pattern}")
    message(FATAL_ERROR "expected a failure that says ${pattern}, got ${status}: ${said}")
  endif()
  if(EXISTS ${SCRATCH}/out.json)
    message(FATAL_ERROR "a failed run left its results behind: ${said}")
  endif()
endfunction()

function(expect_success)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "expected success: ${said}")
  endif()
endfunction()

# An object file of the host will do: the script looks at names and sizes only.
function(compile name text)
  file(WRITE ${SCRATCH}/${name}.c "${text}\n")
  execute_process(COMMAND ${CC} -c -fno-builtin -w ${SCRATCH}/${name}.c -o ${SCRATCH}/${name}.o COMMAND_ERROR_IS_FATAL ANY)
endfunction()

if(CASE STREQUAL size)
  set(tools -DNM=nm -DSIZE=size)
  # Names that come close, and weights beside another constant.
  compile(good "void free_list(void) {} void add(void) {} void __aeabi_fadd(void) {} void __addsf3(void) {}
void __aeabi_cfcmple(void) {} void __aeabi_uldivmod(void) {}
const char _ZN6digits10parametersE[600] = {1}; const char table[24] = {1};
const char _ZN4mote6detail15layer_constantsI6digitsLj1EE5valueE[400] = {1}; int _ZN4mote5stateE[16];
int counter[8]; int state[10] = {1}; extern int malloc(int); int call(void) { return malloc(1); }")
  script(firmware_size -DELF=${SCRATCH}/good.o -DMODEL_OBJECT=${SCRATCH}/good.o ${tools})
  expect_success()
  file(READ ${SCRATCH}/out.json json)
  string(JSON weights GET "${json}" weight_bytes)
  string(JSON ram GET "${json}" ram_bytes)
  string(JSON code GET "${json}" code_bytes)
  if(NOT weights EQUAL 1000 OR NOT ram EQUAL 136 OR NOT code GREATER 24 OR NOT code LESS 400)
    message(FATAL_ERROR "${json}")
  endif()
  foreach(symbol malloc free calloc realloc _sbrk _malloc_r _Znwj _ZdlPv __cxa_throw _Unwind_Resume
                 __gxx_personality_v0 __adddf3 __floatsidf __extendsfdf2 __truncdfsf2 __ledf2 __aeabi_dadd
                 __aeabi_cdcmple __aeabi_f2d __aeabi_d2iz __aeabi_ui2d)
    compile(bad "void ${symbol}(void) {}")
    script(firmware_size -DELF=${SCRATCH}/bad.o -DMODEL_OBJECT=${SCRATCH}/good.o ${tools})
    expect_failure("holds a heap, exceptions or arithmetic in double: ${symbol}\\. The map file")
  endforeach()
  script(firmware_size -DELF=${SCRATCH}/nowhere -DMODEL_OBJECT=${SCRATCH}/good.o ${tools})
  expect_failure("nm failed .*nowhere")
  script(firmware_size -DELF=${SCRATCH}/good.o ${tools})
  expect_failure("-DMODEL_OBJECT=... is missing")

elseif(CASE STREQUAL stack)
  find_program(ARM arm-none-eabi-gcc)
  if(NOT ARM)
    message("SKIPPED: needs arm-none-eabi-gcc")
    return()
  endif()
  # bound(<pattern of a failure, or the bytes> <C>): of the function entry() in it.
  function(bound expected text)
    file(WRITE ${SCRATCH}/stack.c "void use(void*); ${text}\n")
    file(WRITE ${SCRATCH}/use.c "void use(void* p) { *(volatile char*)p = 1; }\n")
    execute_process(COMMAND ${ARM} -mthumb -mcpu=cortex-m4 -Os -nostdlib -Wl,-e,entry
      ${SCRATCH}/stack.c ${SCRATCH}/use.c -o ${SCRATCH}/stack.elf COMMAND_ERROR_IS_FATAL ANY)
    script(stack_bound -DELF=${SCRATCH}/stack.elf -DENTRY=entry -DTARGET=cortex-m4)
    if(expected MATCHES "^[0-9]+$")
      if(NOT status EQUAL 0 OR NOT said MATCHES "entry: at most ${expected} bytes")
        message(FATAL_ERROR "expected ${expected}: ${said}")
      endif()
    else()
      expect_failure("${expected}")
    endif()
  endfunction()
  # The frame, with what is pushed: 8 for the return address and a register beside it.
  bound(8 "void entry(void) { use((void*)1); use((void*)2); }")
  bound(1008 "void entry(void) { char a[1000]; use(a); use(a); }")
  bound(632 "static __attribute__((noinline)) void deep(void) { char a[600]; use(a); use(a); }
static __attribute__((noinline)) void flat(void) { char a[100]; use(a); use(a); }
void entry(void) { char a[16]; use(a); flat(); deep(); use(a); }")
  bound("there is no function entry in" "void other(void) { use((void*)0); }")
  bound("entry calls itself, so there is no bound" "void entry(void) { char a[8]; use(a); entry(); use(a); }")
  bound("calls itself, so there is no bound: entry.?even.?odd"
    "void odd(int n); __attribute__((noinline)) void even(int n) { if (n) odd(n - 1); use(&n); }
__attribute__((noinline)) void odd(int n) { if (n) even(n - 1); use(&n); }
void entry(void) { even(use != 0); use(0); }")
  bound("in entry nothing can be said of: .*blx" "void (*f)(void); void entry(void) { f(); f(); }")
  bound("in entry nothing can be said of: .*sub.*sp" "int n; void entry(void) { char a[n]; use(a); use(a); }")

elseif(CASE STREQUAL run)
  find_program(QEMU qemu-system-arm)
  if(NOT ELF OR NOT QEMU)
    message("SKIPPED: needs arm-none-eabi-g++ and qemu-system-arm")
    return()
  endif()
  execute_process(COMMAND sh -c "
      head -c 78400 $1/images.bin > images
      head -c 1000 $1/logits-host.bin > same
      head -c 999 same > short
      head -c 777 same > other
      tail -c 223 same | head -c 1 | tr '\\000-\\377' '\\001-\\377\\000' >> other
      tail -c 222 same >> other
      head -c 100 images > odd" sh ${DEMO}
    WORKING_DIRECTORY ${SCRATCH} COMMAND_ERROR_IS_FATAL ANY)
  function(run images expected)
    script(run_firmware -DELF=${ELF} -DIMAGES=${SCRATCH}/${images} -DEXPECTED=${SCRATCH}/${expected}
      -DOUTPUT=${SCRATCH}/logits ${ARGN})
    set(status ${status} PARENT_SCOPE)
    set(said "${said}" PARENT_SCOPE)
  endfunction()
  run(images same)
  expect_success()
  file(REMOVE ${SCRATCH}/out.json)
  # The same with the network's size, which is not that of another object file.
  set(measure -DELF=${ELF} -DIMAGES=${SCRATCH}/images -DEXPECTED=${SCRATCH}/same -DOUTPUT=${SCRATCH}/logits)
  string(REGEX REPLACE "elf$" "model.o" object ${ELF})
  script(measure_firmware ${measure} -DMODEL_OBJECT=${object})
  expect_success()
  file(READ ${SCRATCH}/out.json json)
  string(JSON weights GET "${json}" weight_bytes)
  string(JSON reported GET "${json}" reported_flash_bytes)
  if(NOT weights EQUAL reported OR weights LESS 79400)
    message(FATAL_ERROR "${json}")
  endif()
  file(WRITE ${SCRATCH}/small.c "char _ZN6digits10parametersE[1000] = {1}; char buffer[20];\n")
  execute_process(COMMAND arm-none-eabi-gcc -c ${SCRATCH}/small.c -o ${SCRATCH}/small.o COMMAND_ERROR_IS_FATAL ANY)
  script(measure_firmware ${measure} -DMODEL_OBJECT=${SCRATCH}/small.o)
  expect_failure("holds ${reported} bytes of weights and 1020 of RAM, but the report says ${reported} and 884")
  script(measure_firmware ${measure} -DSKIPPED=why)
  expect_success()
  script(firmware_table -DFILES=${SCRATCH}/out.json)
  if(NOT said MATCHES "cortex-m4 . skipped: why")
    message(FATAL_ERROR "${said}")
  endif()
  file(REMOVE ${SCRATCH}/out.json)
  run(images other)
  expect_failure("differs from .*/other, first in image 77 \\(counted from 0\\), byte 7: got 0x[0-9a-f]+, expected 0x")
  run(images short)
  expect_failure("the firmware wrote 1000 bytes; 999 were expected")
  run(odd same)
  expect_failure("not a whole number of images of 784 bytes")
  run(nowhere same)
  expect_failure("cannot read the images")
  run(images nowhere)
  expect_failure("there is no file .*/nowhere \\(EXPECTED\\)")
  run(images same -DTARGET=z80)
  expect_failure("there is no target 'z80'; known are: cortex-m0plus, .*cortex-m4, .*rv32imac, .*atmega328p")
  # The whole demo's images take longer than a tenth of a second.
  script(run_firmware -DELF=${ELF} -DIMAGES=${DEMO}/images.bin -DOUTPUT=${SCRATCH}/logits -DTIMEOUT=0.1)
  expect_failure("the firmware failed \\(.*timeout")

else()
  message(FATAL_ERROR "there is no case ${CASE}")
endif()
