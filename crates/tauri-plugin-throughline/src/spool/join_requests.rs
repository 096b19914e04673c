//! Several OTLP export requests as one, on bytes: what repeats in each (the resource) is written once, spans are copied as they are.

/// Bytes of a protobuf message, field by field: number, and the field's whole bytes; for a length-delimited one also its content.
pub struct Fields<'a>(pub &'a [u8]);

pub struct Field<'a> {
    pub number: u64,
    pub whole: &'a [u8],
    pub content: &'a [u8],
    /// Of a varint field; else 0.
    pub varint: u64,
}

fn take_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[at + 1..]));
        }
    }
    None
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<Field<'a>>;

    /// `Some(None)`, once: the rest is no protobuf.
    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let message = self.0;
        self.0 = &[];
        let field = || {
            let (tag, rest) = take_varint(message)?;
            let (varint, content, after): (u64, &[u8], &[u8]) = match tag & 7 {
                0 => {
                    let (value, after) = take_varint(rest)?;
                    (value, &[], after)
                }
                1 => (0, &[], rest.get(8..)?),
                2 => {
                    let (len, rest) = take_varint(rest)?;
                    let (content, after) = rest.split_at_checked(len.try_into().ok()?)?;
                    (0, content, after)
                }
                5 => (0, &[], rest.get(4..)?),
                _ => return None,
            };
            let whole = &message[..message.len() - after.len()];
            Some((Field { number: tag >> 3, whole, content, varint }, after))
        };
        Some(field().map(|(field, after)| {
            self.0 = after;
            field
        }))
    }
}

fn put_varint(mut value: usize, into: &mut Vec<u8>) {
    while value >= 0x80 {
        into.push(value as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

const RESOURCE_SPANS: u64 = 1;
const SCOPE_SPANS: u64 = 2;

/// One request with the content of all of them, the same bytes for the same requests. Those that are no protobuf are left out: how many
/// is the second value.
pub fn join_requests(requests: &[&[u8]]) -> (Vec<u8>, usize) {
    if let [only] = requests {
        return (only.to_vec(), 0);
    }
    // What a ResourceSpans (or ResourceLogs …) has beside its scopes, and the scopes of all that have the same.
    let mut groups: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut damaged = 0;
    for request in requests {
        let Some(parsed) = parse(request) else {
            damaged += 1;
            continue;
        };
        for (resource, scopes) in parsed {
            match groups.iter_mut().find(|group| group.0 == resource) {
                Some(group) => group.1.extend_from_slice(&scopes),
                None => groups.push((resource, scopes)),
            }
        }
    }
    let mut joined = Vec::new();
    for (resource, scopes) in groups {
        joined.push((RESOURCE_SPANS << 3 | 2) as u8);
        put_varint(resource.len() + scopes.len(), &mut joined);
        joined.extend_from_slice(&resource);
        joined.extend_from_slice(&scopes);
    }
    (joined, damaged)
}

fn parse(request: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut parsed = Vec::new();
    for field in Fields(request) {
        let field = field?;
        if field.number != RESOURCE_SPANS {
            continue;
        }
        let (mut resource, mut scopes) = (Vec::new(), Vec::new());
        for part in Fields(field.content) {
            let part = part?;
            if part.number == SCOPE_SPANS { &mut scopes } else { &mut resource }.extend_from_slice(part.whole);
        }
        parsed.push((resource, scopes));
    }
    Some(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(fields: &[(u64, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (number, content) in fields {
            bytes.push((number << 3 | 2) as u8);
            put_varint(content.len(), &mut bytes);
            bytes.extend_from_slice(content);
        }
        bytes
    }

    #[test]
    fn requests_of_one_resource_become_one_resource_with_all_scopes() {
        let long = [7; 300];
        let one = message(&[(1, &message(&[(1, b"resource"), (2, b"scope a"), (3, b"schema")]))]);
        let two = message(&[(1, &message(&[(1, b"resource"), (2, &long), (3, b"schema")]))]);
        let other = message(&[(1, &message(&[(1, b"other"), (2, b"scope c")]))]);
        let (joined, damaged) = join_requests(&[&one, &other, &two]);
        assert_eq!(damaged, 0);
        assert_eq!(
            joined,
            message(&[
                (1, &message(&[(1, b"resource"), (3, b"schema"), (2, b"scope a"), (2, &long)])),
                (1, &message(&[(1, b"other"), (2, b"scope c")])),
            ])
        );
    }

    #[test]
    fn a_single_request_stays_as_it_is() {
        assert_eq!(join_requests(&[b"\xff\xff"]), (b"\xff\xff".to_vec(), 0));
    }

    #[test]
    fn what_is_no_protobuf_is_left_out_and_counted() {
        let one = message(&[(1, &message(&[(2, b"scope")]))]);
        for torn in 1..one.len() {
            assert_eq!(join_requests(&[&one, &one[..torn]]), (one.clone(), 1), "cut at {torn}");
        }
        assert_eq!(join_requests(&[&one, &[0x0c]]).1, 1);
    }
}
