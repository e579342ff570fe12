//! Closed lists of words that are the same in Rust, in the database, in JSON and in locale keys.

/// Declares an enum whose variants have one stable code each.
///
/// ```
/// linli_kernel::text_enum! {
///     /// How a case is meant (诉求性质).
///     pub enum Nature { Complaint = "complaint", Praise = "praise" }
/// }
/// assert_eq!("praise".parse::<Nature>().unwrap(), Nature::Praise);
/// assert_eq!(Nature::ALL.len(), 2);
/// ```
#[macro_export]
macro_rules! text_enum {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$vmeta:meta])* $variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord,
            $crate::export::serde::Serialize, $crate::export::serde::Deserialize)]
        #[serde(crate = "::linli_kernel::export::serde")]
        $vis enum $name { $($(#[$vmeta])* #[doc = concat!("`", $code, "`")] #[serde(rename = $code)] $variant),+ }

        impl $name {
            /// Every value, in the order of the field's own list.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable code.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $code),+ } }
        }
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result { f.pad(self.as_str()) }
        }
        impl ::std::str::FromStr for $name {
            type Err = $crate::error::UnknownWord;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($code => Ok(Self::$variant),)+
                    _ => Err($crate::error::UnknownWord { list: stringify!($name), word: text.to_owned() }),
                }
            }
        }
        impl From<$name> for $crate::Value {
            fn from(word: $name) -> Self { Self::Text(Some(word.as_str().to_owned())) }
        }
        impl $crate::value::Bind for $name {
            const NULL: $crate::Value = $crate::Value::Text(None);
        }
        impl<DB: $crate::export::sqlx::Database> $crate::export::sqlx::Type<DB> for $name
        where String: $crate::export::sqlx::Type<DB> {
            fn type_info() -> DB::TypeInfo { <String as $crate::export::sqlx::Type<DB>>::type_info() }
            fn compatible(ty: &DB::TypeInfo) -> bool { <String as $crate::export::sqlx::Type<DB>>::compatible(ty) }
        }
        impl<'r, DB: $crate::export::sqlx::Database> $crate::export::sqlx::Decode<'r, DB> for $name
        where String: $crate::export::sqlx::Decode<'r, DB> {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, $crate::export::sqlx::error::BoxDynError> {
                Ok(String::decode(value)?.parse()?)
            }
        }
    };
}
