import Glibc
import Relay

/// Lines about one message in log files, or in the journal.
enum LogSearch {
    /// Octets of a line that are read; the rest is passed over. The daemon cuts values at 1024.
    static let lineLimit = 64 * 1024

    /// - Parameter since: when the message came: the journal is read from there.
    static func lines(
        of id: String, in files: [String], since: Int64?
    ) throws(Failure) -> (BundleText.LogSource, [String]) {
        if files.isEmpty { return journal(of: id, since: since) }
        var lines: [String] = []
        for name in files {
            guard let file = name == "-" ? fdopen(STDIN_FILENO, "r") : fopen(name, "re") else {
                throw Failure(.usage, "\(name) cannot be read: \(String(cString: strerror(errno)))")
            }
            defer { if name != "-" { fclose(file) } }
            lines += matching(id, in: file)
        }
        return (.files(files.map { $0 == "-" ? "standard input" : $0 }), lines)
    }

    private static func journal(of id: String, since: Int64?) -> (BundleText.LogSource, [String]) {
        let start = since.map { " --since=@\(max(0, $0 - 60))" } ?? ""
        // No word of a stranger is in it: a number at most.
        guard let pipe = popen("journalctl -u waxwing -o cat --no-pager\(start) 2>/dev/null", "re") else {
            return (.nothing("journalctl cannot be started; name the log with --log"), [])
        }
        let lines = matching(id, in: pipe)
        let status = pclose(pipe)
        if status != 0, lines.isEmpty {
            return (.nothing("there is no journal, or it may not be read; name the log with --log"), [])
        }
        return (.journal, lines)
    }

    /// Those that name the id, in order, as many as a bundle holds and one more.
    private static func matching(_ id: String, in file: UnsafeMutablePointer<FILE>) -> [String] {
        var lines: [String] = []
        var buffer: UnsafeMutablePointer<CChar>?
        var size = 0
        defer { free(buffer) }
        while lines.count <= BundleText.logLines {
            let count = getline(&buffer, &size, file)
            guard count > 0, let buffer else { break }
            guard strstr(buffer, id) != nil else { continue }
            let octets = UnsafeRawBufferPointer(start: buffer, count: min(count, lineLimit))
            let line = String(decoding: octets, as: UTF8.self)
            lines.append(line.last == "\n" ? String(line.dropLast()) : line)
        }
        return lines
    }
}
