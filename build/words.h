/* Put before every file of GMP's portable C, by config.site.

   GMP multiplies two words by four products of half words where it may not use assembly.
   A compiler with integers of two words does it in one instruction. longlong.h leaves a
   macro alone that is there already; its names, UWtype among them, are known by the time
   these are used. */
#ifdef __SIZEOF_INT128__

__extension__ typedef unsigned __int128 noise_equilibrium_words;

#define noise_equilibrium_pair(high, low) \
  ((noise_equilibrium_words) (UWtype) (high) << 8 * sizeof (UWtype) | (UWtype) (low))

#define noise_equilibrium_split(high, low, pair)                           \
  do {                                                                     \
    noise_equilibrium_words noise_equilibrium_whole = (pair);              \
    (high) = (UWtype) (noise_equilibrium_whole >> 8 * sizeof (UWtype));    \
    (low) = (UWtype) noise_equilibrium_whole;                              \
  } while (0)

#define umul_ppmm(high, low, u, v) \
  noise_equilibrium_split (high, low, (noise_equilibrium_words) (UWtype) (u) * (UWtype) (v))

#define add_ssaaaa(high, low, ah, al, bh, bl)               \
  noise_equilibrium_split (high, low,                       \
                           noise_equilibrium_pair (ah, al)  \
                             + noise_equilibrium_pair (bh, bl))

#define sub_ddmmss(high, low, ah, al, bh, bl)               \
  noise_equilibrium_split (high, low,                       \
                           noise_equilibrium_pair (ah, al)  \
                             - noise_equilibrium_pair (bh, bl))

#endif
