//! Two datums that must never be mixed: WGS-84 (satellites, everything stored here) and GCJ-02
//! (国测局坐标, what Chinese maps and phones give), some 500 m apart.
//!
//! Each is its own type; the only way from one to the other is the conversion below.

use std::f64::consts::PI;

use linli_kernel::text_enum;
use serde::{Deserialize, Serialize};

text_enum! {
    /// The datum (坐标系) that a file or a request says it uses.
    pub enum Datum {
        /// 国际通用坐标
        Wgs84 = "wgs84",
        /// 国测局坐标（火星坐标）
        Gcj02 = "gcj02",
    }
}

/// A WGS-84 position in degrees: what is stored and computed with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Wgs84 {
    /// East of Greenwich.
    pub lon: f64,
    /// North of the equator.
    pub lat: f64,
}

/// A GCJ-02 position in degrees: only at the border, for Chinese maps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Gcj02 {
    /// As a Chinese map counts it.
    pub lon: f64,
    /// As a Chinese map counts it.
    pub lat: f64,
}

/// The first axis of the ellipsoid of Krasovsky 1940 in metres, and its squared eccentricity.
const KRASOVSKY: (f64, f64) = (6_378_245.0, 0.006_693_421_622_965_943);
/// The mean radius of the Earth in metres.
const EARTH_M: f64 = 6_371_008.8;

impl Wgs84 {
    /// A position whose numbers can be one.
    pub fn new(lon: f64, lat: f64) -> Option<Self> {
        ((-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat)).then_some(Self { lon, lat })
    }

    /// Reads numbers that a client labelled with `datum`.
    pub fn labelled(datum: Datum, lon: f64, lat: f64) -> Option<Self> {
        let plain = Self::new(lon, lat)?;
        Some(match datum {
            Datum::Wgs84 => plain,
            Datum::Gcj02 => Gcj02 { lon, lat }.to_wgs84(),
        })
    }

    /// The same place for a Chinese map.
    pub fn to_gcj02(self) -> Gcj02 {
        let (d_lon, d_lat) = shift(self.lon, self.lat);
        Gcj02 { lon: self.lon + d_lon, lat: self.lat + d_lat }
    }

    /// Great-circle distance in metres.
    pub fn metres_to(self, other: Self) -> f64 {
        let (lat1, lat2) = (self.lat.to_radians(), other.lat.to_radians());
        let half_lat = (lat2 - lat1) / 2.0;
        let half_lon = (other.lon - self.lon).to_radians() / 2.0;
        let a = half_lat.sin().powi(2) + lat1.cos() * lat2.cos() * half_lon.sin().powi(2);
        2.0 * EARTH_M * a.sqrt().min(1.0).asin()
    }

    pub(crate) const fn coord(self) -> geo::Coord<f64> {
        geo::Coord { x: self.lon, y: self.lat }
    }
}

impl Gcj02 {
    /// The same place for satellites and for us, to better than a centimetre.
    ///
    /// The shift is published one way only; the way back is found by correcting a guess.
    pub fn to_wgs84(self) -> Wgs84 {
        let mut guess = Wgs84 { lon: self.lon, lat: self.lat };
        for _ in 0..10 {
            let there = guess.to_gcj02();
            let (off_lon, off_lat) = (self.lon - there.lon, self.lat - there.lat);
            guess = Wgs84 { lon: guess.lon + off_lon, lat: guess.lat + off_lat };
            if off_lon.abs().max(off_lat.abs()) < 1e-10 {
                break;
            }
        }
        guess
    }
}

/// How far GCJ-02 moves a place, in degrees; nothing outside China.
fn shift(lon: f64, lat: f64) -> (f64, f64) {
    if !(72.004..=137.8347).contains(&lon) || !(0.8293..=55.8271).contains(&lat) {
        return (0.0, 0.0);
    }
    let (x, y) = (lon - 105.0, lat - 35.0);
    let common = (20.0 * (6.0 * x * PI).sin() + 20.0 * (2.0 * x * PI).sin()) * 2.0 / 3.0;
    let wave = |v: f64, a: f64, b: f64, c: f64, d: f64| {
        ((20.0 * (v * PI).sin() + 40.0 * (v / 3.0 * PI).sin())
            + (a * (v / 12.0 * PI).sin() + b * (v * PI / c).sin() + d))
            * 2.0
            / 3.0
    };
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + common
        + wave(y, 160.0, 320.0, 30.0, 0.0);
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + common
        + wave(x, 150.0, 300.0, 30.0, 0.0);
    let (axis, ecc) = KRASOVSKY;
    let lat_rad = lat.to_radians();
    let magic = 1.0 - ecc * lat_rad.sin().powi(2);
    let d_lat = north * 180.0 / ((axis * (1.0 - ecc)) / (magic * magic.sqrt()) * PI);
    let d_lon = east * 180.0 / (axis / magic.sqrt() * lat_rad.cos() * PI);
    (d_lon, d_lat)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_published_example_is_met() {
        // Tiananmen, as the widely printed tables give it.
        let gcj = Wgs84 { lon: 116.391_25, lat: 39.907_22 }.to_gcj02();
        assert!((gcj.lon - 116.397_49).abs() < 1e-4 && (gcj.lat - 39.908_62).abs() < 1e-4, "{gcj:?}");
        let home = Wgs84 { lon: 122.12, lat: 37.51 };
        let moved = home.to_gcj02();
        let metres = home.metres_to(Wgs84 { lon: moved.lon, lat: moved.lat });
        assert!((300.0..800.0).contains(&metres), "{metres}");
    }

    #[test]
    fn nothing_moves_abroad() {
        let paris = Wgs84 { lon: 2.35, lat: 48.85 };
        assert_eq!(paris.to_gcj02(), Gcj02 { lon: 2.35, lat: 48.85 });
        assert_eq!(Wgs84::new(122.0, 91.0), None);
        assert_eq!(Wgs84::new(f64::NAN, 37.0), None);
    }

    #[test]
    fn metres_of_a_degree() {
        let metres = Wgs84 { lon: 122.0, lat: 37.0 }.metres_to(Wgs84 { lon: 122.0, lat: 38.0 });
        assert!((metres - 111_195.0).abs() < 10.0, "{metres}");
    }

    proptest! {
        #[test]
        fn there_and_back_is_home(lon in 75.0..135.0_f64, lat in 18.0..53.0_f64) {
            let home = Wgs84 { lon, lat };
            prop_assert!(home.metres_to(home.to_gcj02().to_wgs84()) < 0.01);
        }
    }
}
