import Glibc
import Gzip
import Mail
import Relay

/// Files that a person named, as the reports that are in them.
enum ReportFile {
    /// Octets of one file: a mail with a packed report as large as any reader takes, and room to spare.
    static let sizeLimit = 32 * 1024 * 1024
    /// Packed in each other: a packed file of a mail with a packed report.
    static let layerLimit = 3

    /// Adds what is in the file, or in the files of the folder, at `path`; `-` is standard input.
    static func add(_ path: String, to tally: inout ReceivedReportTally) {
        if path != "-", kind(of: path) == S_IFDIR { addFolder(path, to: &tally) } else { addFile(path, to: &tally) }
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
            let inside = path.hasSuffix("/") ? path + name : "\(path)/\(name)"
            // Pipes and devices would block, or never end.
            if kind(of: inside) == S_IFREG { addFile(inside, to: &tally) } else { others += 1 }
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
        for reading in reports(in: octets) {
            switch reading {
            case .success(let report): tally.add(report, file: name)
            case .failure(let fault): tally.add(unreadable: name, why: fault.words)
            }
        }
    }

    /// What is in one file, never nothing. Each report of a mail is read by itself: one that is broken does not take the
    /// others with it.
    static func reports(in octets: [UInt8]) -> [Result<ReceivedReport, UnreadableReport>] {
        do throws(UnreadableReport) {
            return try documents(in: octets, layer: 0).map { document in
                do throws(UnreadableReport) {
                    return .success(try ReceivedReport(json: document.get()))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            return [.failure(error)]
        }
    }

    /// The JSON of each report, whatever it is packed in: judged by how it begins, not by names.
    private static func documents(
        in octets: [UInt8], layer: Int
    ) throws(UnreadableReport) -> [Result<[UInt8], UnreadableReport>] {
        guard layer <= layerLimit else { throw UnreadableReport("it is packed too many times") }
        guard !octets.isEmpty else { throw UnreadableReport("it is empty") }
        switch ReportForm(octets) {
        case .json: return [.success(octets)]
        case .gzip: return try documents(in: unpacked(octets), layer: layer + 1)
        case .mail:
            return try ReportAttachment.find(in: octets).flatMap { attachment in
                do throws(UnreadableReport) {
                    return try documents(in: attachment.octets, layer: layer + 1)
                } catch {
                    let place = attachment.fileName.map { "the part \(TextStyle.harmless($0)): " } ?? ""
                    return [.failure(UnreadableReport(place + error.words))]
                }
            }
        case nil: throw UnreadableReport("it is neither JSON nor gzip nor a mail")
        }
    }

    private static func unpacked(_ octets: [UInt8]) throws(UnreadableReport) -> [UInt8] {
        do throws(GzipError) {
            return try Gzip.decompress(octets, limit: ReceivedReport.sizeLimit)
        } catch {
            switch error {
            case .malformed(let words): throw UnreadableReport("the gzip is damaged: \(words)")
            case .truncated: throw UnreadableReport("the gzip breaks off")
            case .tooLarge(let limit): throw UnreadableReport("unpacked it has more than \(limit) octets")
            case .ours(let words): throw UnreadableReport(words)
            }
        }
    }
}
