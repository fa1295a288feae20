/// The presentation form of TLSA records (RFC 6698 §2.2): `3 1 1 0123ab…`.
extension TLSARecord: CustomStringConvertible {
    /// Octets of data that ``description`` shows: any digest in full, a certificate by its beginning.
    public static let descriptionLimit = 64

    public var description: String {
        let shown = Self.hexadecimal(data.prefix(Self.descriptionLimit))
        return "\(usage) \(selector) \(matchingType) \(shown)\(data.count > Self.descriptionLimit ? "…" : "")"
    }

    /// The certificate association data in lower-case hexadecimal, in full.
    public var hexadecimalData: String { Self.hexadecimal(data[...]) }

    private static func hexadecimal(_ octets: ArraySlice<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: octets.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// Octets of RDATA (RFC 1035 §3.2.1) less the three fixed ones.
    public static let dataLimit = 65_532

    /// Reads `usage selector matching-type hex`, the hexadecimal in any case and in any number of groups.
    ///
    /// Any numbers from 0 to 255 are taken and no length is demanded: ``usability`` judges.
    public init(parsing text: some StringProtocol) throws(TLSATextError) {
        let fields = text.utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        guard fields.count >= 4 else { throw .missingField }
        var numbers: [UInt8] = []
        for field in fields.prefix(3) {
            let word = String(decoding: field, as: UTF8.self)
            // `UInt8.init` would also take a plus sign.
            guard field.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt8(word) else {
                throw .notANumber(word)
            }
            numbers.append(number)
        }
        var data: [UInt8] = []
        var high: UInt8?
        for digit in fields.dropFirst(3).joined() {
            guard let value = Self.value(ofHexadecimal: digit) else { throw .notHexadecimal }
            if let half = high {
                data.append(half << 4 | value)
                high = nil
                guard data.count <= Self.dataLimit else { throw .tooLong }
            } else {
                high = value
            }
        }
        guard high == nil else { throw .oddDigits }
        self.init(usage: numbers[0], selector: numbers[1], matchingType: numbers[2], data: data)
    }

    private static func value(ofHexadecimal digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

/// Why a text is no TLSA record.
public enum TLSATextError: Error, Equatable, Sendable, CustomStringConvertible {
    case missingField
    case notANumber(String)
    case notHexadecimal
    case oddDigits
    case tooLong

    public var description: String {
        switch self {
        case .missingField: "four fields are due: usage, selector, matching type, data in hexadecimal"
        case .notANumber(let word): "\"\(word)\" is not a number from 0 to 255"
        case .notHexadecimal: "the data holds something else than hexadecimal digits"
        case .oddDigits: "the data has an odd number of hexadecimal digits"
        case .tooLong: "the data is longer than a record can be"
        }
    }
}
