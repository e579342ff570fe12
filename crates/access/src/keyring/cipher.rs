//! The two suites: AES-256-GCM with HMAC-SHA-256, SM4-GCM with HMAC-SM3 (国密).

use aes_gcm::{
    Aes256Gcm, AesGcm,
    aead::{Aead, KeyInit, Nonce, Payload, consts::U12},
};
use hmac::{Hmac, Mac};
use linli_kernel::{Error, Result, text_enum};
use sha2::Sha256;
use sm3::Sm3;
use zeroize::Zeroizing;

type Sm4Gcm = AesGcm<sm4::Sm4, U12>;

text_enum! {
    /// Which algorithms a key is for; old data keep the suite of their key.
    pub enum Suite {
        /// AES-256-GCM, HMAC-SHA-256.
        Aes = "aes-256-gcm",
        /// SM4-GCM, HMAC-SM3 (GB/T 32907, GB/T 32905).
        Sm = "sm4-gcm",
    }
}

/// Bytes of a nonce.
pub(super) const NONCE: usize = 12;

/// 32 secret bytes, wiped when dropped; SM4 takes the first 16 of what is derived from them.
pub(super) type Key = Zeroizing<[u8; 32]>;

impl Suite {
    pub(super) fn encrypt(self, key: &Key, nonce: [u8; NONCE], aad: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
        let payload = Payload { msg: plain, aad };
        match self {
            Self::Aes => aes(key)?.encrypt(&Nonce::<Aes256Gcm>::from(nonce), payload),
            Self::Sm => sm(key)?.encrypt(&Nonce::<Sm4Gcm>::from(nonce), payload),
        }
        .map_err(|_| Error::internal("encryption failed"))
    }

    pub(super) fn decrypt(self, key: &Key, nonce: [u8; NONCE], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>> {
        let payload = Payload { msg: sealed, aad };
        match self {
            Self::Aes => aes(key)?.decrypt(&Nonce::<Aes256Gcm>::from(nonce), payload),
            Self::Sm => sm(key)?.decrypt(&Nonce::<Sm4Gcm>::from(nonce), payload),
        }
        .map_err(|_| Error::internal("a sealed field does not open: wrong key, wrong place, or changed"))
    }

    /// A keyed hash over length-prefixed parts, so that “ab”+“c” and “a”+“bc” differ.
    pub(super) fn mac(self, key: &[u8; 32], parts: &[&[u8]]) -> Result<[u8; 32]> {
        match self {
            Self::Aes => mac_with(<Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key), parts),
            Self::Sm => mac_with(<Hmac<Sm3> as hmac::KeyInit>::new_from_slice(key), parts),
        }
    }

    /// A key for another use, derived from `key`.
    pub(super) fn derive(self, key: &[u8; 32], label: &str) -> Result<Key> {
        self.mac(key, &[label.as_bytes()]).map(Zeroizing::new)
    }
}

fn aes(key: &Key) -> Result<Aes256Gcm> {
    Aes256Gcm::new_from_slice(&key[..]).map_err(Error::internal)
}

fn sm(key: &Key) -> Result<Sm4Gcm> {
    Sm4Gcm::new_from_slice(&key[..16]).map_err(Error::internal)
}

fn mac_with<M: Mac>(mac: Result<M, hmac::digest::InvalidLength>, parts: &[&[u8]]) -> Result<[u8; 32]> {
    let mut mac = mac.map_err(Error::internal)?;
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    let out = mac.finalize().into_bytes();
    <[u8; 32]>::try_from(&out[..]).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: String = text.split_whitespace().collect();
        (0..digits.len()).step_by(2).map(|n| u8::from_str_radix(&digits[n..n + 2], 16).unwrap()).collect()
    }

    /// RFC 8998, appendix A.1.
    #[test]
    fn sm4_gcm_as_rfc_8998_has_it() {
        let mut key = Zeroizing::new([0_u8; 32]);
        key[..16].copy_from_slice(&hex("0123456789ABCDEFFEDCBA9876543210"));
        let nonce: [u8; 12] = hex("00001234567800000000ABCD").try_into().unwrap();
        let aad = hex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2");
        let plain = hex("AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDD
             EEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA");
        let expected = hex("17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735
             D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D
             83DE3541E4C2B58177E065A9BF7B62EC");
        let sealed = Suite::Sm.encrypt(&key, nonce, &aad, &plain).unwrap();
        assert_eq!(sealed, expected);
        assert_eq!(Suite::Sm.decrypt(&key, nonce, &aad, &sealed).unwrap(), plain);
    }

    /// The GCM specification's test case 16 (AES-256, 60 bytes, additional data).
    #[test]
    fn aes_gcm_as_the_specification_has_it() {
        let key: [u8; 32] =
            hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308").try_into().unwrap();
        let nonce: [u8; 12] = hex("cafebabefacedbaddecaf888").try_into().unwrap();
        let plain = hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
             1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
        let expected = hex("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa
             8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662
             76fc6ece0f4e1768cddf8853bb2d551b");
        let aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        assert_eq!(Suite::Aes.encrypt(&Zeroizing::new(key), nonce, &aad, &plain).unwrap(), expected);
    }

    #[test]
    fn the_suites_hash_apart() {
        let key = [7; 32];
        assert_ne!(Suite::Aes.mac(&key, &[b"a"]).unwrap(), Suite::Sm.mac(&key, &[b"a"]).unwrap());
        assert_ne!(
            Suite::Aes.mac(&key, &[b"ab", b"c"]).unwrap(),
            Suite::Aes.mac(&key, &[b"a", b"bc"]).unwrap()
        );
    }
}
