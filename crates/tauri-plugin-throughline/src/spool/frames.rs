//! How export requests lie in a file: length, checksum, bytes, one after the other. A process that is killed while it writes leaves
//! a torn last frame, which the checksum finds; everything before it is whole.

const HEAD: usize = 8;

/// `bytes` as one frame, to be written by a single `write`.
pub fn frame(bytes: &[u8]) -> Vec<u8> {
    let mut framed = Vec::with_capacity(HEAD + bytes.len());
    framed.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    framed.extend_from_slice(&crc32fast::hash(bytes).to_le_bytes());
    framed.extend_from_slice(bytes);
    framed
}

/// The whole frames of a file, and whether something that is none follows them.
pub fn whole_frames(mut file: &[u8]) -> (Vec<&[u8]>, bool) {
    let mut frames = Vec::new();
    while let Some((head, rest)) = file.split_at_checked(HEAD) {
        let len = u32::from_le_bytes(head[..4].try_into().unwrap()) as usize;
        let sum = u32::from_le_bytes(head[4..].try_into().unwrap());
        let Some((bytes, after)) = rest.split_at_checked(len) else { break };
        if crc32fast::hash(bytes) != sum {
            break;
        }
        frames.push(bytes);
        file = after;
    }
    (frames, !file.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_cut_at_any_byte_gives_the_frames_before_the_cut() {
        let file = [frame(b"first"), frame(b""), frame(b"third")].concat();
        for cut in 0..=file.len() {
            let (frames, torn) = whole_frames(&file[..cut]);
            let ends = [13, 21, 34];
            let whole = ends.iter().filter(|end| **end <= cut).count();
            assert_eq!(frames, [&b"first"[..], b"", b"third"][..whole]);
            assert_eq!(torn, cut != 0 && !ends.contains(&cut));
        }
    }

    #[test]
    fn a_flipped_bit_ends_what_is_believed() {
        let mut file = [frame(b"first"), frame(b"second")].concat();
        *file.last_mut().unwrap() ^= 1;
        assert_eq!(whole_frames(&file), (vec![&b"first"[..]], true));
    }
}
