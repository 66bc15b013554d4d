#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

/*
 * What libFuzzer calls with each input (https://llvm.org/docs/LibFuzzer.html). A target asserts what must
 * hold of any: assert() and the sanitizers end it, and the input is kept. Text is copied with strndup(), into
 * room for it and no byte more, so that the address sanitizer sees what reads behind its end.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
