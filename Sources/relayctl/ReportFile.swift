import Glibc
import Mail
import Relay

/// Files that a person named, as the reports that are in them.
enum ReportFile {
    /// Octets of one file: a mail with a packed report as large as any reader takes, and room to spare.
    static let sizeLimit = 32 * 1024 * 1024
    /// Octets that are unpacked of one file, all its parts together: three reports as large as any reader takes, where a mail
    /// has one. What a few kilobytes can become is a matter of who packed them.
    static let unpackedLimit = 32 * 1024 * 1024
    /// Packed in each other: a packed file of a mail with a packed report.
    static let layerLimit = 3

    /// Adds what is in the file, the folder or the Maildir at `path`; `-` is standard input.
    static func add(_ path: String, to tally: inout ReceivedReportTally) {
        guard path != "-", kind(of: path) == S_IFDIR else { return addFile(path, to: &tally) }
        let inboxes = ["new", "cur"].map { inside(path, $0) }
        if inboxes.allSatisfy({ kind(of: $0) == S_IFDIR }) {
            // maildir(5); what lies in tmp is not whole, and folders beside them are other mailboxes.
            for inbox in inboxes { addFolder(inbox, to: &tally) }
        } else {
            addFolder(path, to: &tally)
        }
    }

    private static func inside(_ folder: String, _ name: String) -> String {
        folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    /// Its files in alphabetical order; what begins with a dot, and folders in it, are passed over.
    private static func addFolder(_ path: String, to tally: inout ReceivedReportTally) {
        guard let folder = opendir(path) else {
            tally.add(unreadable: path, why: "the folder cannot be read: \(String(cString: strerror(errno)))")
            return
        }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                // POSIX: NUL ends it.
                $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
                    String(cString: $0)
                }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        closedir(folder)
        var others = 0
        for name in names.sorted() {
            let file = inside(path, name)
            // Pipes and devices would block, or never end.
            if kind(of: file) == S_IFREG { addFile(file, to: &tally) } else { others += 1 }
        }
        if others > 0 { tally.add(note: "\(path): \(others) in it that are folders, or no files at all") }
    }

    /// S_IFREG, S_IFDIR and their like, of what a link leads to; nil where there is nothing.
    private static func kind(of path: String) -> mode_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    private static func addFile(_ path: String, to tally: inout ReceivedReportTally) {
        let name = path == "-" ? "standard input" : path
        do throws(Failure) {
            let octets = try InputFile.read(path, limit: sizeLimit + 1)
            guard octets.count <= sizeLimit else {
                tally.add(unreadable: name, why: "it has more than \(sizeLimit) octets")
                return
            }
            add(octets, name: name, to: &tally)
        } catch {
            // The file is named already.
            let named = "cannot read \(TextStyle.harmless(path)): "
            let why = error.message.hasPrefix(named) ? String(error.message.dropFirst(named.count)) : error.message
            tally.add(unreadable: name, why: why)
        }
    }

    private static func add(_ octets: [UInt8], name: String, to tally: inout ReceivedReportTally) {
        read(octets) { reading in
            switch reading {
            case .success(let report): tally.add(report, file: name)
            case .failure(let fault): tally.add(unreadable: name, why: fault.words)
            }
        }
    }

    /// Hands on what is in one file, never nothing. Each report of a mail is read by itself, as soon as it is unpacked: one
    /// that is broken does not take the others with it, and no more than one is held.
    static func read(
        _ octets: [UInt8], unpackedLimit: Int = unpackedLimit,
        _ take: (Result<ReceivedReport, UnreadableReport>) -> Void
    ) {
        var unpacking = ReportUnpacking(limit: unpackedLimit)
        unpacking.read(octets, layer: 0, part: "", take)
    }
}
