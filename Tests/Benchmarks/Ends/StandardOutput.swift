import CLinux
import Glibc

/// Lines for whoever started this process, each in one write: they may come from several threads.
enum StandardOutput {
    static func write(_ line: String) {
        put(line, into: STDOUT_FILENO)
    }

    fileprivate static func put(_ line: String, into descriptor: CInt) {
        var octets = Array(line.utf8)[...]
        octets.append(0x0A)
        while !octets.isEmpty {
            let count = octets.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count <= 0 && errno != EINTR { return }
            octets = octets.dropFirst(max(0, count))
        }
    }
}

/// What is amiss, in words, beside the figures.
enum StandardError {
    static func write(_ line: String) {
        StandardOutput.put(line, into: STDERR_FILENO)
    }
}
