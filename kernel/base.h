/* Defines what every part of the kernel uses: names of types, places in the memory, and how functions are compiled. */
#ifndef BASE_H
#define BASE_H

#include <stddef.h>
#include <stdint.h>

#include "orion_kernel.h"
#include "simd.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t i8;
typedef int16_t i16;
typedef int32_t i32;

#define INLINE static inline __attribute__((always_inline))
/* V8 has no on-stack replacement for WebAssembly: a loop inlined into a function that is entered once, as a
 * worker's is, would stay baseline code. Hot loops are small functions of their own, which tier up at the next call. */
#define HOT __attribute__((noinline))

/* Hides from the compiler where a value comes from. */
#define STEADY(value) __asm__("" : "+r"(value))

/* An offset's place. In WebAssembly these are one; natively the memory is a buffer of the host's. */
#ifdef __wasm__
#define PLACE(type, offset) ((type *)(uintptr_t)(offset))
extern u8 __heap_base;
#define FIRST_FREE ((u32)(uintptr_t)&__heap_base)
INLINE u64 memory_bytes(void) { return (u64)__builtin_wasm_memory_size(0) << 16; }
#else
extern u8 *orion_memory;
extern u64 orion_memory_bytes;
#define PLACE(type, offset) ((type *)(void *)(orion_memory + (offset)))
#define FIRST_FREE 64u
INLINE u64 memory_bytes(void) { return orion_memory_bytes; }
#endif

/* Scales and cached rows are float16. Their bits shifted into a float32's give the number times 2^-112, for free;
 * what they are multiplied with carries 2^56, and the sum gets the other 2^56 at its end. A product of two
 * numbers that both carried 2^-112 would be subnormal: slow, and wrong. */
#define HALF_OF_SHIFT 0x1p56f

/* A place as an offset. */
#define OFFSET(place) ((u32)((uintptr_t)(place) - (uintptr_t)PLACE(u8, 0)))

INLINE u32 rounded_up(u32 value, u32 multiple) { return (value + multiple - 1) / multiple * multiple; }
INLINE u32 smaller(u32 a, u32 b) { return a < b ? a : b; }
INLINE u32 larger(u32 a, u32 b) { return a > b ? a : b; }

/* The share of thread `number` of `threads` in `count` equal pieces: from first to end. */
INLINE u32 share_start(u32 count, u32 number, u32 threads) { return (u32)((u64)count * number / threads); }

#endif
