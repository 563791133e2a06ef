//! `noise-equilibrium solve`: what it refuses, what it writes, and whether its
//! enclosures hold on problems chosen to break them.

mod arrays;
mod bad_input;
mod families;
mod files;
mod floating;
mod format;
mod hard;
mod known;
mod precision;
mod program;
mod streams;
