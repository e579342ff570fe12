//! The synthetic district (示例区), at any scale.
