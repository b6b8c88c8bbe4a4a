// For which instruction sets Google Highway compiles the loops here; included before it.
#pragma once

// Without this Highway leaves AVX-512's VNNI out.
#define HWY_WANT_AVX3_DL
// Vectors of unknown length do not fit the tile's arrays; such CPUs have fixed ones as well.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
