// ThreadSanitizer is told of each access to a variable that Swift hands on by reference. Of a value without any octets (as
// SystemRandomNumberGenerator is) the reference is whatever a register held: looking that up ends the program. What can be no
// address of a variable is passed over (ld --wrap); all other accesses are looked at.

#include <stdint.h>

void __real___tsan_external_read(void *address, void *caller, void *tag);
void __real___tsan_external_write(void *address, void *caller, void *tag);

// Program, heap and stacks, as the sanitizer lays them out on x86_64.
static int is_variable(void *address) {
    uintptr_t place = (uintptr_t)address;
    return place >= 0x550000000000 && place < 0x800000000000;
}

void __wrap___tsan_external_read(void *address, void *caller, void *tag) {
    if (is_variable(address)) __real___tsan_external_read(address, caller, tag);
}

void __wrap___tsan_external_write(void *address, void *caller, void *tag) {
    if (is_variable(address)) __real___tsan_external_write(address, caller, tag);
}
