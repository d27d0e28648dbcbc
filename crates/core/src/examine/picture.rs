//! A tiny picture of one colour.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mocktrial_trajectory::Media;

/// Pixels of a side: what some servers take at least, with some to spare.
const SIDE: u32 = 64;

/// A square of one colour, as a PNG.
pub(super) fn square(rgb: [u8; 3]) -> Media {
    Media::base64("image/png", STANDARD.encode(png(rgb)))
}

/// A PNG (ISO/IEC 15948) with a palette of one colour, one bit a pixel, its data stored without compression.
fn png(rgb: [u8; 3]) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = [SIDE.to_be_bytes(), SIDE.to_be_bytes()].concat();
    // Bit depth 1, palette; the only compression and filter method; not interlaced.
    header.extend_from_slice(&[1, 3, 0, 0, 0]);
    chunk(&mut out, *b"IHDR", &header);
    chunk(&mut out, *b"PLTE", &rgb);
    // Each line is a filter byte and eight pixels a byte: all of them zero.
    let pixels = vec![0; (SIDE * (1 + SIDE / 8)) as usize];
    chunk(&mut out, *b"IDAT", &stored(&pixels));
    chunk(&mut out, *b"IEND", &[]);
    out
}

fn chunk(out: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    out.extend_from_slice(&u32::try_from(data.len()).unwrap_or(0).to_be_bytes());
    let from = out.len();
    out.extend_from_slice(&kind);
    out.extend_from_slice(data);
    out.extend_from_slice(&crc32(&out[from..]).to_be_bytes());
}

/// A zlib stream (RFC 1950) of one stored block; `data` is shorter than 64 KiB.
fn stored(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap_or(0);
    let mut out = vec![0x78, 0x01, 0x01];
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&(!length).to_le_bytes());
    out.extend_from_slice(data);
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in data {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend_from_slice(&(b << 16 | a).to_be_bytes());
    out
}

fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_a_small_png_whose_sums_are_right() {
        assert_eq!(crc32(b"IEND"), 0xae42_6082, "as every PNG ends");
        assert_eq!(stored(b"Wikipedia")[16..], 0x11e6_0398_u32.to_be_bytes(), "its Adler-32");
        let png = png([128, 0, 128]);
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR") && png.ends_with(b"IEND\xae\x42\x60\x82"));
        assert!(png.len() < 1024);
    }
}
