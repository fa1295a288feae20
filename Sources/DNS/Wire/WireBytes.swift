/// Reads numbers (in network order) and counted strings from one payload, never past its end.
struct WireReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        self.position = bytes.startIndex
    }

    /// Octets not read yet.
    var remaining: Int { bytes.endIndex - position }

    mutating func take(_ count: Int) throws(WireError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else { throw .cutShort }
        defer { position += count }
        return bytes[position..<(position + count)]
    }

    mutating func integer<Number: FixedWidthInteger & UnsignedInteger>(
        _ type: Number.Type = Number.self
    ) throws(WireError) -> Number {
        try take(Number.bitWidth / 8).reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
    }

    /// Two octets of length, then as many octets, at most `limit`.
    mutating func counted(limit: Int, _ what: String) throws(WireError) -> ArraySlice<UInt8> {
        let count = Int(try integer(UInt16.self))
        if count > limit { throw .outOfBounds(what) }
        return try take(count)
    }

    /// As ``counted(limit:_:)``, as text. Octets outside printable ASCII become `?`: the text goes to logs and terminals.
    mutating func text(limit: Int, _ what: String) throws(WireError) -> String {
        let octets = try counted(limit: limit, what)
        return String(decoding: octets.map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }

    /// As ``counted(limit:_:)``, as the octets say (paths and option values may be UTF-8).
    mutating func exactText(limit: Int, _ what: String) throws(WireError) -> String {
        guard let text = String(validating: try counted(limit: limit, what), as: UTF8.self) else {
            throw .outOfBounds(what)
        }
        return text
    }

    /// The payload must end here.
    func finish() throws(WireError) {
        if remaining > 0 { throw .leftOver(remaining) }
    }
}

/// Writes one frame: four octets of length, the version, the kind, then what is appended.
struct WireWriter {
    private(set) var bytes: [UInt8]

    init(kind: UInt8, capacity: Int = 64) {
        bytes = []
        bytes.reserveCapacity(capacity)
        bytes.append(contentsOf: [0, 0, 0, 0, WireLimit.version, kind])
    }

    mutating func integer(_ value: some FixedWidthInteger & UnsignedInteger) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    /// Two octets of length, then the octets; what exceeds `limit` is cut, so that the length always tells the truth.
    mutating func counted(_ octets: some Collection<UInt8>, limit: Int) {
        let cut = octets.prefix(min(limit, Int(UInt16.max)))
        integer(UInt16(truncatingIfNeeded: cut.count))
        bytes.append(contentsOf: cut)
    }

    /// The finished frame, with its length in place.
    consuming func frame() -> [UInt8] {
        let length = UInt32(truncatingIfNeeded: bytes.count - 4)
        for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: length >> (24 - 8 * index)) }
        return bytes
    }
}

/// Cuts a stream of octets into payloads. Incremental: octets may come in any portions.
struct FrameReader {
    private var buffer: [UInt8] = []
    private var start = 0

    /// Octets held that are no whole frame yet; at most one frame and one portion.
    var heldCount: Int { buffer.count - start }

    mutating func append(_ octets: some Sequence<UInt8>) {
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            start = 0
        } else if start > WireLimit.frame {
            buffer.removeFirst(start)
            start = 0
        }
        buffer.append(contentsOf: octets)
    }

    /// The next payload (version and kind checked by its reader), or nil: more octets are needed.
    mutating func next() throws(WireError) -> ArraySlice<UInt8>? {
        guard heldCount >= 4 else { return nil }
        let length = buffer[start..<(start + 4)].reduce(0) { $0 << 8 | Int($1) }
        if length > WireLimit.frame { throw .frameTooLong(length) }
        if length < 2 { throw .emptyFrame }
        guard heldCount - 4 >= length else { return nil }
        defer { start += 4 + length }
        return buffer[(start + 4)..<(start + 4 + length)]
    }
}
