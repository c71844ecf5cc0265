/* Estimates how large each channel of a layer's keys is, for a cache of 8-bit numbers: Layer.key_sizes. */
#ifndef KEY_SIZES_H
#define KEY_SIZES_H

/* Fills them for all layers from the weights, which are prepared. Uses the threads; an enum orion_status. */
unsigned size_keys(void);

#endif
