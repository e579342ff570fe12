//! Pure words of the house.
