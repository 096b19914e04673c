/**
 * Percent-encodes what must not stand bare in a header value. Lone surrogates become U+FFFD, because they have no UTF-8
 * form (and `encodeURIComponent` throws at them).
 */
export const percentEncode = (text: string): string => encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\uFFFD'));

/** The reverse; octets that are not UTF-8 become U+FFFD each, and a `%` that starts no escape stays itself. Never throws. */
export const percentDecode = (text: string): string =>
  // One well-formed UTF-8 sequence at a time, or one octet that begins none.
  text.replace(
    /%[0-7][\da-f]|%[cd][\da-f]%[89ab][\da-f]|%e[\da-f](?:%[89ab][\da-f]){2}|%f[0-7](?:%[89ab][\da-f]){3}|%[\da-f]{2}/gi,
    (octets) => {
      try {
        return decodeURIComponent(octets);
      } catch {
        return '\uFFFD'.repeat(octets.length / 3);
      }
    },
  );
