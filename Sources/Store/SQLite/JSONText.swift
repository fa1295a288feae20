import Mail

/// Just enough JSON to hand a list to a query as one parameter.
enum JSONText {
    static func array(_ texts: [String]) -> String {
        var bytes: [UInt8] = []
        list(texts, into: &bytes) { append($0, to: &$1) }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func array(_ numbers: [Int64]) -> String {
        "[" + numbers.map { "\($0)" }.joined(separator: ",") + "]"
    }

    /// `[["example.net",4611686018427387904],…]`
    static func array(_ places: [LanePlace]) -> String {
        var bytes: [UInt8] = []
        list(places, into: &bytes) { place, bytes in
            bytes.append(UInt8(ascii: "["))
            append(place.destination, to: &bytes)
            bytes += Array(",\(place.lane.value)]".utf8)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func list<Value>(
        _ values: [Value], into bytes: inout [UInt8], _ write: (Value, inout [UInt8]) -> Void
    ) {
        bytes.append(UInt8(ascii: "["))
        for (number, value) in values.enumerated() {
            if number > 0 { bytes.append(UInt8(ascii: ",")) }
            write(value, &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                bytes += Array("\\u00".utf8) + (byte < 16 ? [UInt8(ascii: "0")] : []) + Array(digits.utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
