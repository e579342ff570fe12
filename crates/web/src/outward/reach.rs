//! Which addresses the server may call: those of the open network, and private ones only where the settings
//! name them. An administrator's typing slip, or a name that resolves to this machine, reaches nothing else.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use linli_kernel::{Error, Result};
use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// A range of addresses: `10.20.0.0/16`, `fd00::/8`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

fn number(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    }
}

impl Network {
    /// Whether an address lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let ((own, width), (other, other_width)) = (number(self.address), number(address));
        let rest = u32::from(width - self.bits);
        width == other_width
            && own.checked_shr(rest).unwrap_or_default() == other.checked_shr(rest).unwrap_or_default()
    }
}

impl FromStr for Network {
    type Err = String;
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong = || format!("“{text}” is no range of addresses like 10.20.0.0/16");
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let address: IpAddr = address.trim().parse().map_err(|_| wrong())?;
        let width = number(address).1;
        let bits = bits.map_or(Ok(width), |b| b.trim().parse().map_err(|_| wrong()))?;
        if bits > width { Err(wrong()) } else { Ok(Self { address, bits }) }
    }
}

/// Whether an address is one of the open network.
fn is_open(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_open_v4(v4),
        IpAddr::V6(v6) => is_open_v6(v6),
    }
}

fn is_open_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let special = v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19));
    !special
}

fn is_open_v6(v6: Ipv6Addr) -> bool {
    let s = v6.segments();
    // Addresses that carry one of the old kind are what they carry.
    let carried = match s {
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => Some((high, low)),
        _ => None,
    };
    if let Some((high, low)) = carried {
        return is_open_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    }
    // The open network's addresses all begin with these three bits.
    s[0] & 0xe000 == 0x2000 && !(s[0] == 0x2001 && s[1] == 0x0db8)
}

/// A port of the district: where its news may go.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    private: Arc<Vec<Network>>,
    client: Arc<OnceLock<reqwest::Client>>,
    patience: Option<Duration>,
}

impl Reach {
    /// With these private ranges beside the open network.
    pub fn with(private: Vec<Network>) -> Self {
        Self { private: Arc::new(private), ..Self::default() }
    }

    /// The machine itself, for development and tests.
    pub fn this_machine() -> Self {
        let own = |address| Network { address, bits: number(address).1 };
        Self::with(vec![
            Network { address: Ipv4Addr::LOCALHOST.into(), bits: 8 },
            own(Ipv6Addr::LOCALHOST.into()),
        ])
    }

    /// With another time that a receiver may take.
    #[must_use]
    pub fn waiting(self, patience: Duration) -> Self {
        Self { patience: Some(patience), client: Arc::default(), ..self }
    }

    /// The time that a receiver may take.
    pub fn patience(&self) -> Duration {
        self.patience.unwrap_or(PATIENCE)
    }

    fn is_named(&self, address: IpAddr) -> bool {
        self.private.iter().any(|range| range.contains(address))
    }

    /// Whether an address may be called.
    pub fn allows(&self, address: IpAddr) -> bool {
        is_open(address) || self.is_named(address)
    }

    /// Whether news may be told to this address: https; plain http only to a range that the settings name.
    pub fn allows_url(&self, url: &str) -> bool {
        let Ok(url) = Url::parse(url) else { return false };
        let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let literal: Option<IpAddr> = host.parse().ok();
        let named = literal.is_some_and(|address| self.is_named(address));
        let secure = match url.scheme() {
            "https" => literal.is_none_or(|address| self.allows(address)),
            "http" => named,
            _ => false,
        };
        plain && !host.is_empty() && secure
    }

    /// The client that calls; a name is looked up by ourselves and leads only where it may.
    pub(super) fn client(&self) -> Result<&reqwest::Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // Another part of the process may have chosen the same provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(self.patience())
            .connect_timeout(Duration::from_secs(5))
            .redirect(reqwest::redirect::Policy::none())
            // A proxy would look names up where we cannot see what they lead to.
            .no_proxy()
            .dns_resolver(Arc::new(LookUp(self.private.clone())))
            .user_agent("linli")
            .build()
            .map_err(Error::internal)?;
        Ok(self.client.get_or_init(|| client))
    }
}

struct LookUp(Arc<Vec<Network>>);

impl Resolve for LookUp {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = Reach { private: self.0.clone(), ..Reach::default() };
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let open: Vec<SocketAddr> = found.filter(|socket| reach.allows(socket.ip())).collect();
            if open.is_empty() {
                return Err("the name leads only to addresses that may not be called".into());
            }
            Ok(Box::new(open.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_may_be_told() {
        let open = Reach::default();
        let office = Reach::with(vec!["10.20.0.0/16".parse().unwrap()]);
        for (url, out, inside) in [
            ("https://12345.example.gov.cn/hook", true, true),
            ("http://12345.example.gov.cn/hook", false, false),
            ("https://10.20.3.4/hook", false, true),
            ("http://10.20.3.4:9000/hook", false, true),
            ("https://10.21.3.4/hook", false, false),
            ("http://127.0.0.1:9000/hook", false, false),
            ("https://[::ffff:169.254.169.254]/", false, false),
            ("https://[::1]/", false, false),
            ("https://203.0.114.9/", true, true),
            ("https://user:word@example.cn/", false, false),
            ("ftp://example.cn/", false, false),
            ("example.cn", false, false),
        ] {
            assert_eq!((open.allows_url(url), office.allows_url(url)), (out, inside), "{url}");
        }
        assert!(Reach::this_machine().allows_url("http://127.0.0.1:9000/hook"));
        assert!(!Reach::this_machine().allows_url("http://192.168.0.1/"));
    }

    #[test]
    fn special_addresses_are_not_the_open_network() {
        for special in [
            "0.0.0.0",
            "10.1.1.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.0.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001:db8::1",
        ] {
            assert!(!is_open(special.parse().unwrap()), "{special}");
        }
        for open in ["1.1.1.1", "59.255.0.1", "2400:3200::1", "64:ff9b::101:101"] {
            assert!(is_open(open.parse().unwrap()), "{open}");
        }
    }

    #[tokio::test]
    async fn a_name_leads_only_where_it_may() {
        let call = |reach: Reach| async move {
            let answer = reach.client().unwrap().get("https://localhost:1/").send().await;
            format!("{:?}", answer.unwrap_err())
        };
        assert!(call(Reach::default()).await.contains("may not be called"));
        assert!(!call(Reach::this_machine()).await.contains("may not be called"));
    }

    #[test]
    fn ranges_are_read_or_refused() {
        let range: Network = "10.20.0.0/16".parse().unwrap();
        assert!(
            range.contains("10.20.255.1".parse().unwrap()) && !range.contains("10.21.0.1".parse().unwrap())
        );
        assert!("::/0".parse::<Network>().unwrap().contains("::1".parse().unwrap()));
        for wrong in ["", "10.20.0.0/33", "ten/8", "10.20.0.0/"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}
