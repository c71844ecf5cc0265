/* Defines the decoder kernel's interface: one forward pass over weights, cache and scratch that the host laid out.
 *
 * One module computes a whole decoder-only transformer. The host (a browser's worker, wasmtime, a native
 * process) owns the memory: it places the shards, the cache and the workspace, describes the model in two
 * tables, and calls the functions below. Every address is an *offset*: a byte count from the start of the
 * memory, 32 bits. All fields are 32-bit little-endian words, so that a host fills them through a Uint32Array
 * and a Float32Array over the same memory.
 *
 * In order: orion_plan (how much room?), orion_open (checks everything), orion_prepare for each tensor once its
 * bytes are there, then orion_forward as often as wanted. Each gives a status, and never touches anything
 * outside what was described, whatever it is given.
 *
 * Numbers: a row of activations is quantized for the matrices that it meets (in blocks of 32, to 8 bits with
 * relaxed SIMD and to 16 without), products are exact integers, sums over blocks are float32 in one fixed
 * order. So a token's logits and its row of the cache don't depend, to the bit, on how many tokens one call
 * runs, on how a prompt is cut, or on the number of threads. They do depend on the module (relaxed or plain) and,
 * with relaxed SIMD, on whether the processor fuses multiply and add.
 */
#ifndef ORION_KERNEL_H
#define ORION_KERNEL_H

#include <stdint.h>

#define ORION_ABI 2
#define ORION_MOST_THREADS 16
#define ORION_MOST_ROWS 256  /* tokens of one orion_forward */
#define ORION_MOST_LOGITS 8  /* rows of logits that one orion_forward can give */
#define ORION_BLOCK 32       /* weights of a row that are one block */

/* What a call answers. orion_detail() says which: a tensor's index, a row of the call, or a word of the decoder. */
enum orion_status {
  ORION_OK = 0,
  ORION_OTHER_ABI = 1,      /* decoder.abi isn't ORION_ABI */
  ORION_BAD_SHAPE = 2,      /* a size of the decoder is 0, too large or doesn't divide; detail: its word */
  ORION_UNSUPPORTED = 3,    /* right, but not computed here: step down to another runner; detail: word or tensor */
  ORION_OUTSIDE = 4,        /* something reaches outside the memory, or into the module, workspace or cache; detail */
  ORION_BAD_TENSOR = 5,     /* a tensor's role, layer, shape or form isn't what the decoder needs; detail: tensor */
  ORION_MISSING_TENSOR = 6, /* detail: role + 256 * layer */
  ORION_NOT_FINITE = 7,     /* a scale, minimum or float of the tensor is infinite or NaN; detail: tensor */
  ORION_NOT_OPEN = 8,       /* orion_open hasn't succeeded */
  ORION_NOT_PREPARED = 9,   /* detail: the first tensor that isn't */
  ORION_TWICE = 10,         /* the tensor was prepared already: its bytes are the kernel's now */
  ORION_BAD_COUNT = 11,     /* no tokens, more than max_rows, more logits than tokens, or more threads than came */
  ORION_BAD_TOKEN = 12,     /* detail: the row whose token isn't in the vocabulary */
  ORION_BAD_POSITION = 13,  /* detail: the row whose position has no row of the rotary table */
  ORION_CONTEXT_FULL = 14,  /* position + count is past the cache's end */
  ORION_CANCELLED = 15,     /* orion_stop said so; the cache from `position` on is undefined, what was before stands */
  ORION_THREAD_LOST = 16,   /* a worker didn't come to a barrier in time: end the workers' instances, then go on
                               with orion_dismiss() and one thread; the cache from `position` on is undefined */
};

/* F32 numbers are finite. Words that say "offset or 0" are absent where they are 0. */
struct orion_decoder {
  uint32_t abi;             /*  0: ORION_ABI */
  uint32_t layers;          /*  1 */
  uint32_t hidden;          /*  2: a multiple of 32 */
  uint32_t heads;           /*  3: a multiple of kv_heads; heads * head_dim is a multiple of 32 */
  uint32_t kv_heads;        /*  4 */
  uint32_t head_dim;        /*  5: a multiple of 8, at most 512 */
  uint32_t ffn;             /*  6: a multiple of 32 */
  uint32_t vocab;           /*  7 */
  uint32_t context;         /*  8: tokens that the cache holds */
  uint32_t rotary_dim;      /*  9: of each head's values, these many (a multiple of 8) are rotated */
  uint32_t activation;      /* 10: enum orion_activation */
  uint32_t max_rows;        /* 11: tokens of one call, 8 to ORION_MOST_ROWS; the workspace grows with it */
  uint32_t max_threads;     /* 12: 1 to ORION_MOST_THREADS; the workspace grows with it */
  float norm_epsilon;       /* 13 */
  float embedding_scale;    /* 14: multiplies a row of the token table; 1 for none */
  float attention_scale;    /* 15: multiplies scores; 0 for 1 / sqrt(head_dim) */
  float logit_cap;          /* 16: c tanh(logit / c); 0 for none */
  float attention_cap;      /* 17: the same for scores; 0 for none */
  uint32_t tensors;         /* 18: offset of struct orion_tensor [tensor_count] */
  uint32_t tensor_count;    /* 19 */
  uint32_t rope;            /* 20: offset of F32 [rope_rows][rotary_dim]: rotary_dim / 2 cosines, then the sines */
  uint32_t rope_rows;       /* 21: at least context */
  uint32_t layer_ropes;     /* 22: offset of U32 [layers], each the offset of that layer's own table; or 0 */
  uint32_t windows;         /* 23: offset of U32 [layers], positions that a layer's query sees, 0 for all; or 0 */
  uint32_t workspace;       /* 24: offset, a multiple of 64 */
  uint32_t workspace_bytes; /* 25: at least workspace_needed */
  uint32_t cache;           /* 26: offset, a multiple of 64 */
  uint32_t cache_bytes;     /* 27: at least cache_needed */
  /* Written by orion_plan: */
  uint32_t workspace_needed; /* 28 */
  uint32_t cache_needed;     /* 29 */
  uint32_t logits_stride;    /* 30: floats from one row of logits to the next, at least vocab */
  uint32_t values;           /* 31: bytes from the cache's start to the values; keys begin at 0 */
  uint32_t layer_stride;     /* 32: bytes; key (layer, head, row) is at layer * layer_stride + */
  uint32_t head_stride;      /* 33: head * head_stride + row * row_bytes, and value the same, `values` later */
  uint32_t row_bytes;        /* 34: head_dim numbers of cache_bits, of 8 with their scales behind them */
  /* Written by orion_open: */
  uint32_t logits;           /* 35: offset of F32 [ORION_MOST_LOGITS][logits_stride] */
  /* The host's: */
  uint32_t cache_bits;       /* 36: of a cached number: 16 (float16), or 8 with a scale for 32 of a head's numbers */
};

enum orion_activation { ORION_SILU = 0, ORION_GELU_TANH = 1 };

/* One matrix or vector of the model, as it lies in a shard (orion_py/manifest/stored_matrix.py).
 * A block is 32 weights of a row, a little-endian bit stream of `bits` each:
 *   affine     weight = q * scale + minimum
 *   symmetric  weight = (q - 2^(bits - 1)) * scale
 * scale and minimum are F16 [rows][columns / 32 / blocks_per_scale].
 */
struct orion_tensor {
  uint32_t role;             /* 0: enum orion_role */
  uint32_t layer;            /* 1: 0 where the role isn't of a layer */
  uint32_t form;             /* 2: enum orion_form; a vector is F32 */
  uint32_t bits;             /* 3: 2, 3, 4, 5, 6 or 8 in blocks; else 0 */
  uint32_t rows;             /* 4: outputs of a matrix, length of a vector */
  uint32_t columns;          /* 5: inputs of a matrix, 1 for a vector */
  uint32_t data;             /* 6: offset of the bit streams or floats, [rows][columns] */
  uint32_t scale;            /* 7: offset or 0 */
  uint32_t minimum;          /* 8: offset; 0 where it isn't affine */
  uint32_t blocks_per_scale; /* 9: 1, 2 or 4 in blocks; else 0 */
};

enum orion_form { ORION_F32 = 0, ORION_F16 = 1, ORION_SYMMETRIC = 2, ORION_AFFINE = 3 };

/* Matrices: token table [vocab][hidden]; head the same (absent where the table serves as head); qkv
 * [(heads + 2 kv_heads) head_dim][hidden], the rows of query, key and value one after the other;
 * attention output [hidden][heads head_dim]; gate and up [ffn][hidden]; down [hidden][ffn].
 * Vectors: the rest. Those marked * may be absent. */
enum orion_role {
  ORION_TOKEN_TABLE = 0,
  ORION_TABLE_RESCALE = 1,        /* * [hidden], multiplies a row after the lookup */
  ORION_FINAL_NORM = 2,           /* [hidden] */
  ORION_HEAD = 3,                 /* * */
  ORION_ATTENTION_NORM = 4,       /* [hidden] */
  ORION_QKV = 5,
  ORION_QKV_BIAS = 6,             /* * */
  ORION_QUERY_NORM = 7,           /* * [head_dim], of each head before the rotation */
  ORION_KEY_NORM = 8,             /* * */
  ORION_ATTENTION_OUTPUT = 9,
  ORION_ATTENTION_OUTPUT_BIAS = 10, /* * */
  ORION_ATTENTION_POST_NORM = 11, /* * [hidden], of what attention adds */
  ORION_MLP_NORM = 12,            /* [hidden] */
  ORION_GATE = 13,
  ORION_GATE_BIAS = 14,           /* * */
  ORION_UP = 15,
  ORION_UP_BIAS = 16,             /* * */
  ORION_DOWN = 17,
  ORION_DOWN_BIAS = 18,           /* * */
  ORION_MLP_POST_NORM = 19,       /* * [hidden] */
  ORION_ROLES = 20,
};

enum orion_feature { ORION_RELAXED_SIMD = 1, ORION_THREADS = 2 };

#ifdef __wasm__
#define ORION_EXPORT(name) __attribute__((export_name(#name), used)) name
#else
#define ORION_EXPORT(name) __attribute__((visibility("default"))) name
#endif

typedef uint32_t orion_offset;

/* ORION_ABI, and the enum orion_feature bits of this module. */
uint32_t ORION_EXPORT(orion_abi)(void);
uint32_t ORION_EXPORT(orion_features)(void);

/* What the last call that didn't answer ORION_OK was about. */
uint32_t ORION_EXPORT(orion_detail)(void);

/* Fills the decoder's words 28 to 34 from its sizes and the tensors' forms. Offsets of shards, tables, workspace
 * and cache need not be right yet; words 18 and 19 have to be. */
uint32_t ORION_EXPORT(orion_plan)(orion_offset decoder);

/* Takes the model: checks every word and every extent, and copies both tables, which the host may then free.
 * Weights need not be there yet, but the memory has to be large enough. An open model is replaced. */
uint32_t ORION_EXPORT(orion_open)(orion_offset decoder);

/* Checks that tensor number `index` of the table is finite, and arranges its bytes in place for the kernel (rows
 * in fours): the shard's bytes are another order of the same numbers from then on. Uses the threads. */
uint32_t ORION_EXPORT(orion_prepare)(uint32_t index);

/* Goes on in another cache of cache_needed bytes: several conversations in one memory. Copying rows out and in
 * is the host's, by words 31 to 34; a sequence is cut by a lower `position`. */
uint32_t ORION_EXPORT(orion_use_cache)(orion_offset cache);

/* Runs `count` tokens as rows position, position + 1, … of the cache, each after those before it.
 * tokens: U32 [count]; or 0 and embeddings: F32 [count][hidden], which take the place of looked-up rows (after
 * scale and rescale). positions: offset of U32 [count], rows of the rotary table; or 0 where these are the cache's rows.
 * logit_rows: the last so many tokens' logits are computed, row i at logits + i * logits_stride * 4; 0 for none.
 * A drafted run of up to 8 tokens is verified with logit_rows = count. The host keeps calls short (128 tokens):
 * cancelling ends a call between two layers. */
uint32_t ORION_EXPORT(orion_forward)(orion_offset tokens, orion_offset embeddings, orion_offset positions,
                                     uint32_t count, uint32_t position, uint32_t logit_rows);

/* The host's, and the one function that a module imports, as env.orion_stop. The leader asks it once a layer: after anything
 * but 0 a forward ends with ORION_CANCELLED before its next layer. */
#ifdef __wasm__
__attribute__((import_module("env"), import_name("orion_stop"))) uint32_t orion_stop(void);
#else
uint32_t orion_stop(void);
#endif

/* Threads (in a module without ORION_THREADS there is one, the leader, and these answer accordingly).
 * The leader is the caller of everything else. A worker is an own instance of the module over the same memory in a
 * thread of its own: it sets its exported global __stack_pointer to orion_stack(number), number 1 to
 * ORION_MOST_THREADS - 1 and each used once, then calls orion_worker(number), which returns after
 * orion_dismiss. */
orion_offset ORION_EXPORT(orion_stack)(uint32_t number);
void ORION_EXPORT(orion_worker)(uint32_t number);
/* Waits until `count` threads are there, the leader included, or so long; gives how many are. */
uint32_t ORION_EXPORT(orion_await_threads)(uint32_t count, uint32_t milliseconds);
/* How many threads the next calls use, the leader included. ORION_BAD_COUNT for more than are there. */
uint32_t ORION_EXPORT(orion_use_threads)(uint32_t count);
/* How often a waiting thread looks before it sleeps: at a barrier inside a pass (30,000 at first, some 30 us), and for
 * the next call (20,000). Long while an answer is generated, short when nothing is going on: a sleeping worker costs nothing. */
void ORION_EXPORT(orion_spin)(uint32_t at_barriers, uint32_t between_calls);
/* How long a barrier waits for a thread before ORION_THREAD_LOST; 10,000 at first, 0 for ever. */
void ORION_EXPORT(orion_patience)(uint32_t milliseconds);
/* Workers return; threads are one again. */
void ORION_EXPORT(orion_dismiss)(void);

/* Reads so many bytes plainly with the threads in use, for the bandwidth; a checksum. 0 where it reaches outside. */
uint32_t ORION_EXPORT(orion_read)(orion_offset at, uint32_t bytes);

#endif
