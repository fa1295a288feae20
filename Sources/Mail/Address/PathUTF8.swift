/// The characters above ASCII that an address may hold (RFC 6531 §3.3 `UTF8-non-ascii`).
enum PathUTF8 {
    /// Octets of the one character at `position`, 2 to 4. Nil where the octets are no UTF-8 (RFC 3629 §4: overlong forms and
    /// surrogates are none), and for what no address may hold: see ``isAllowed(_:)``.
    static func length(at position: Int, in bytes: [UInt8]) -> Int? {
        guard bytes.indices.contains(position) else { return nil }
        let lead = bytes[position]
        let (length, least, bits): (Int, UInt32, UInt8)
        switch lead {
        case 0xC2...0xDF: (length, least, bits) = (2, 0x80, 0x1F)
        case 0xE0...0xEF: (length, least, bits) = (3, 0x800, 0x0F)
        case 0xF0...0xF4: (length, least, bits) = (4, 0x10000, 0x07)
        default: return nil
        }
        let continuation = bytes[position...].dropFirst().prefix(length - 1)
        guard continuation.count == length - 1, continuation.allSatisfy({ $0 & 0xC0 == 0x80 }) else { return nil }
        let value = continuation.reduce(UInt32(lead & bits)) { $0 << 6 | UInt32($1 & 0x3F) }
        guard value >= least, let scalar = Unicode.Scalar(value), isAllowed(scalar) else { return nil }
        return length
    }

    /// No ASCII, no C1 control, which a terminal obeys, and no U+FEFF, which nobody sees.
    static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value >= 0xA0 && scalar.value != 0xFEFF
    }
}

extension OriginalRecipient {
    /// True for `utf-8-addr-xtext` and `utf-8-addr-unitext` (RFC 6533 §3): printable ASCII but `\`, `+` and `=`, UTF-8, and
    /// other characters as `\x{HEXPOINT}`. What it stands for has no control character.
    static func isUTF8Address(_ text: some Collection<UInt8>) -> Bool {
        let bytes = Array(text)
        var position = 0
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\\"):
                guard let length = embeddedLength(bytes[position...]) else { return false }
                position += length
            case UInt8(ascii: "+"), UInt8(ascii: "="):
                return false
            case 0x21...0x7E:
                position += 1
            default:
                guard let length = PathUTF8.length(at: position, in: bytes) else { return false }
                position += length
            }
        }
        return !bytes.isEmpty
    }

    // EmbeddedUnicodeChar = %x5C.78 "{" HEXPOINT "}"
    // HEXPOINT: 2 to 6 digits, no more than needed; of ASCII only what cannot stand for itself.
    private static func embeddedLength(_ bytes: ArraySlice<UInt8>) -> Int? {
        let open = Array(#"\x{"#.utf8)
        let digits = bytes.dropFirst(open.count).prefix { ASCII.hexDigitValue($0) != nil }.prefix(7)
        guard bytes.starts(with: open), (2...6).contains(digits.count),
            bytes.dropFirst(open.count + digits.count).first == UInt8(ascii: "}"),
            digits.count == 2 || digits.first != UInt8(ascii: "0"),
            let scalar = Unicode.Scalar(digits.reduce(UInt32(0)) { $0 << 4 | UInt32(ASCII.hexDigitValue($1) ?? 0) }),
            PathUTF8.isAllowed(scalar) || [" ", "+", "=", "\\"].contains(scalar)
        else { return nil }
        return open.count + digits.count + 1
    }
}
