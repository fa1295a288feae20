/// Brings a body that comes in pieces of any size into canonical form (RFC 6376 §3.4.3, §3.4.4; DKIM-11).
///
/// Needs the same little memory for any body: blanks and line breaks that may turn out to be the last are counted, not kept.
/// What stays as it is goes out as slices of the input, by the longest run. A bare CR or LF is an octet like others.
public struct DKIMBodyCanonicalizer: Sendable {
    /// Octets of the canonical form so far; all of them after ``finish(_:)``. Those behind the limit count as well.
    public private(set) var length: UInt64 = 0

    private let form: DKIMCanonicalization.Form
    private let limit: UInt64?

    // What is not yet certain, in the order it came: line breaks, then a blank, then a CR without its LF.
    private var breaks: UInt64 = 0
    private var hasBlank = false
    private var hasCR = false

    /// - Parameter limit: octets of the canonical form that are handed out, the tag `l=`; nil for all.
    public init(_ form: DKIMCanonicalization.Form, limit: UInt64? = nil) {
        self.form = form
        self.limit = limit
    }

    private var isCertain: Bool { breaks == 0 && !hasBlank && !hasCR }

    /// Takes the next octets of the body and hands out what of the canonical form is certain.
    public mutating func update<Failure: Error>(
        _ bytes: UnsafeRawBufferPointer, _ emit: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == ASCII.carriageReturn {
                // Behind another CR, that one was no line break.
                if hasCR { try settle(emit) }
                hasCR = true
                index += 1
            } else if byte == ASCII.lineFeed, hasCR {
                breaks &+= 1
                hasCR = false
                hasBlank = false
                index += 1
            } else if form == .relaxed, ASCII.isBlank(byte) {
                if hasCR { try settle(emit) }
                hasBlank = true
                index += 1
            } else {
                if !isCertain { try settle(emit) }
                try takeRun(of: bytes, from: &index, emit)
            }
        }
    }

    /// The body has ended: hands out the rest. Only ``length`` may be used after that.
    public mutating func finish<Failure: Error>(
        _ emit: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        if hasCR { try settle(emit) }
        breaks = 0
        hasBlank = false
        // An empty body is one CRLF in the simple form, and nothing in the relaxed one.
        guard form == .simple || length > 0 else { return }
        breaks = 1
        try settle(emit)
    }

    /// Hands out the longest run from `index` on that stays as it is, and notes what at its end is not certain.
    private mutating func takeRun<Failure: Error>(
        of bytes: UnsafeRawBufferPointer, from index: inout Int,
        _ emit: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        let stop = form == .simple ? bytes.count : BlankScan.firstSurplus(in: bytes, from: index)
        var end = stop
        if bytes[end - 1] == ASCII.carriageReturn {
            hasCR = true
            end -= 1
        } else if form == .relaxed, bytes[end - 1] == ASCII.space {
            hasBlank = true
            end -= 1
        }
        while end - index >= 2, bytes[end - 1] == ASCII.lineFeed, bytes[end - 2] == ASCII.carriageReturn {
            breaks &+= 1
            end -= 2
        }
        // The run begins with an octet that is certain, so something is left.
        try hand(UnsafeRawBufferPointer(rebasing: bytes[index..<end]), emit)
        index = stop
    }

    /// Hands out what was uncertain: something follows it.
    private mutating func settle<Failure: Error>(
        _ emit: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        while breaks > 0 {
            let count = min(breaks, UInt64(Self.lineBreaks.count / 2))
            try hand(Self.lineBreaks.prefix(Int(count) * 2), emit)
            breaks -= count
        }
        if hasBlank { try hand([ASCII.space], emit) }
        if hasCR { try hand([ASCII.carriageReturn], emit) }
        hasBlank = false
        hasCR = false
    }

    private static let lineBreaks = Array(
        repeatElement([ASCII.carriageReturn, ASCII.lineFeed], count: 512).joined())[...]

    private mutating func hand<Failure: Error>(
        _ octets: ArraySlice<UInt8>, _ emit: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        try octets.withUnsafeBufferPointer { (buffer) throws(Failure) in
            try hand(UnsafeRawBufferPointer(buffer), emit)
        }
    }

    private mutating func hand<Failure: Error>(
        _ bytes: UnsafeRawBufferPointer, _ emit: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        let before = length
        length &+= UInt64(bytes.count)
        guard let limit else { return try emit(bytes) }
        guard before < limit else { return }
        try emit(UnsafeRawBufferPointer(rebasing: bytes.prefix(Int(min(limit - before, UInt64(bytes.count))))))
    }
}

/// The hash of a canonical body, the tag `bh=`, and the octets it had.
public struct DKIMBodyHash: Hashable, Sendable {
    /// SHA-256, 32 octets.
    public let digest: [UInt8]
    /// Of the whole canonical body, whatever `l=` says.
    public let length: UInt64

    public init(digest: [UInt8], length: UInt64) {
        self.digest = digest
        self.length = length
    }
}
