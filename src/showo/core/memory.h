// How the process keeps its memory.
#pragma once

namespace showo {

/// Tells the C library, where it is what allocates, to keep freed blocks: a step frees and takes the same large ones, and having
/// the system clear them anew each time costs a fifth of a step on CPUs. For the process, once.
void keep_freed_memory();

/// Gives back what is freed now: after work whose large blocks are not needed again soon.
void release_freed_memory();

}  // namespace showo
