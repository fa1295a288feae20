import Glibc

/// A stream in memory for what libunbound prints while it starts. Owns the `FILE` and its buffer; closed before strangers
/// can make it grow.
final class StartLog {
    /// The corresponding C type is `FILE *`.
    let stream: UnsafeMutablePointer<FILE>
    /// open_memstream(3) keeps these two addresses until fclose(3).
    private let buffer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let size: UnsafeMutablePointer<Int>
    private var isClosed = false

    init?() {
        buffer = .allocate(capacity: 1)
        buffer.initialize(to: nil)
        size = .allocate(capacity: 1)
        size.initialize(to: 0)
        guard let stream = open_memstream(buffer, size) else {
            buffer.deallocate()
            size.deallocate()
            return nil
        }
        self.stream = stream
    }

    deinit {
        close()
        free(buffer.pointee)
        buffer.deallocate()
        size.deallocate()
    }

    func close() {
        if isClosed { return }
        isClosed = true
        _ = fclose(stream)
    }

    /// Lines quoted in a refusal.
    static let lineLimit = 3

    /// The words of the first errors, without the time and process that stand before them.
    var errors: String? {
        if isClosed { return nil }
        _ = fflush(stream)
        guard let text = buffer.pointee.map({ String(cString: $0) }) else { return nil }
        let words = text.split(separator: "\n").compactMap { line in
            line.firstRange(of: " error: ").map { String(line[$0.upperBound...]) }
        }
        return words.isEmpty ? nil : words.prefix(Self.lineLimit).joined(separator: "; ")
    }
}
