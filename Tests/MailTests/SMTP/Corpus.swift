import Foundation
import Testing

/// Cases made by others, outside this repository: the folder is named by the environment variable WAXWING_CORPUS.
enum Corpus {
    static let folder = ProcessInfo.processInfo.environment["WAXWING_CORPUS"]

    static var isPresent: Bool { folder != nil }

    static func read<Content: Decodable>(_ name: String, as: Content.Type) throws -> Content {
        let folder = try #require(folder)
        return try JSONDecoder().decode(Content.self, from: Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
    }
}
