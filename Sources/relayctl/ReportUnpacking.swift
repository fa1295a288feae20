import Gzip
import Mail
import Relay

/// Unpacks one file, whatever its reports are packed in: judged by how it begins, not by names.
struct ReportUnpacking {
    private let limit: Int
    /// Octets that may still come of gzip.
    private var room: Int
    /// Where they are used up, nothing more is unpacked.
    private var isSpent = false

    init(limit: Int) {
        self.limit = limit
        room = limit
    }

    /// - Parameter part: what faults begin with.
    mutating func read(
        _ octets: [UInt8], layer: Int, part: String, _ take: (Result<ReceivedReport, UnreadableReport>) -> Void
    ) {
        do throws(UnreadableReport) {
            guard layer <= ReportFile.layerLimit else { throw UnreadableReport("it is packed too many times") }
            guard !octets.isEmpty else { throw UnreadableReport("it is empty") }
            switch ReportForm(octets) {
            case .json: take(.success(try ReceivedReport(json: octets)))
            case .gzip: read(try unpacked(octets), layer: layer + 1, part: part, take)
            case .mail:
                for attachment in try ReportAttachment.find(in: octets) {
                    if isSpent { return }
                    let name = attachment.fileName.map { "the part \(TextStyle.harmless($0)): " } ?? ""
                    read(attachment.octets, layer: layer + 1, part: part + name, take)
                }
            case nil: throw UnreadableReport("it is neither JSON nor gzip nor a mail")
            }
        } catch {
            take(.failure(UnreadableReport(part + error.words)))
        }
    }

    private mutating func unpacked(_ octets: [UInt8]) throws(UnreadableReport) -> [UInt8] {
        do throws(GzipError) {
            let unpacked = try Gzip.decompress(octets, limit: min(ReceivedReport.sizeLimit, room))
            room -= unpacked.count
            return unpacked
        } catch {
            switch error {
            case .malformed(let words): throw UnreadableReport("the gzip is damaged: \(words)")
            case .truncated: throw UnreadableReport("the gzip breaks off")
            case .tooLarge where room < ReceivedReport.sizeLimit:
                isSpent = true
                throw UnreadableReport(
                    "unpacked the file has more than \(limit) octets: neither this part was read nor what follows it")
            case .tooLarge(let limit):
                // It was unpacked so far.
                room -= limit
                throw UnreadableReport("unpacked it has more than \(limit) octets")
            case .ours(let words): throw UnreadableReport(words)
            }
        }
    }
}
