import Glibc
public import Mail

/// The file of those who may log in: lines of ``UserRecord``, and lines that are empty or begin with `#`.
public struct UsersFile: Sendable {
    /// Users of one file; all are held in memory.
    public static let usersLimit = 100_000
    /// Octets of the file: a record on the longest line for each user, and as much again for notes.
    public static let sizeLimit = 2 * usersLimit * (UserRecord.lineLimit + 1)
    /// Mode bits that must not be set: writing by the group, and any right of others.
    static let forbiddenMode: mode_t = 0o027

    /// The file line by line, so that a change leaves notes where they are.
    private enum Line: Sendable {
        case record(UserRecord)
        case other([UInt8])
    }

    private var lines: [Line] = []
    private var places: [UserName: Int] = [:]

    public init() {}

    /// In the order of the file.
    public var records: [UserRecord] {
        lines.compactMap { if case .record(let record) = $0 { record } else { nil } }
    }

    public subscript(name: UserName) -> SCRAMVerifier? {
        guard let place = places[name], case .record(let record) = lines[place] else { return nil }
        return record.verifier
    }

    /// Replaces the record of that name where there is one, else adds it at the end.
    public mutating func set(_ record: UserRecord) {
        if let place = places[record.name] {
            lines[place] = .record(record)
        } else {
            places[record.name] = lines.count
            lines.append(.record(record))
        }
    }

    /// - Returns: whether there was one.
    public mutating func remove(_ name: UserName) -> Bool {
        guard let place = places.removeValue(forKey: name) else { return false }
        lines.remove(at: place)
        for (other, index) in places where index > place { places[other] = index - 1 }
        return true
    }

    /// What the file holds.
    var octets: [UInt8] {
        var octets: [UInt8] = []
        for line in lines {
            switch line {
            case .record(let record): octets += record.line
            case .other(let text): octets += text
            }
            octets.append(UInt8(ascii: "\n"))
        }
        return octets
    }

    /// - Parameter path: for the words of faults.
    public init(parsing octets: [UInt8], path: String) throws(UsersFileFault) {
        var rest = octets[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            var line = rest[..<end]
            rest = rest[min(end + 1, rest.endIndex)...]
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            let number = lines.count + 1
            guard let first = line.first, first != UInt8(ascii: "#") else {
                lines.append(.other(Array(line)))
                continue
            }
            let record = try Self.record(line, number, path)
            if let earlier = places[record.name] {
                throw UsersFileFault(
                    path: path, line: number,
                    problem: "\(record.name) stands in line \(earlier + 1) already; remove one of them")
            }
            guard places.count < Self.usersLimit else {
                throw UsersFileFault(
                    path: path, line: number, problem: "more than \(Self.usersLimit) users are not taken; remove some")
            }
            places[record.name] = lines.count
            lines.append(.record(record))
        }
    }

    private static func record(
        _ line: ArraySlice<UInt8>, _ number: Int, _ path: String
    ) throws(UsersFileFault) -> UserRecord {
        do throws(UserRecordFault) { return try UserRecord(parsing: line) } catch {
            throw UsersFileFault(path: path, line: number, problem: error.words)
        }
    }

    /// Reads the file. One that others may read or that strangers may write is refused.
    public static func load(_ path: String) throws(UsersFileFault) -> UsersFile {
        try read(path).file
    }

    /// The file and what it was when it was read.
    static func read(_ path: String) throws(UsersFileFault) -> (file: UsersFile, stamp: FileStamp) {
        // A named pipe must not stop us; what is checked is what is read.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard descriptor >= 0 else { throw UsersFileFault(path: path, code: errno, verb: "opened") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw UsersFileFault(path: path, code: errno, verb: "looked at") }
        if let problem = problem(of: status, path, for: geteuid()) {
            throw UsersFileFault(path: path, problem: problem)
        }
        var octets = [UInt8]()
        octets.reserveCapacity(Int(clamping: status.st_size) + 1)
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw UsersFileFault(path: path, code: errno, verb: "read")
            }
            octets += buffer[..<count]
            guard octets.count <= sizeLimit else {
                throw UsersFileFault(path: path, problem: "it has more than \(sizeLimit) octets, and is no such file")
            }
        }
        return (try UsersFile(parsing: octets, path: path), FileStamp(status))
    }

    /// Why a file is not to be trusted.
    static func problem(of status: stat, _ path: String, for user: uid_t) -> String? {
        guard status.st_mode & S_IFMT == S_IFREG else { return "it is no regular file" }
        if status.st_mode & forbiddenMode != 0 {
            let mode = String(status.st_mode & 0o7777, radix: 8)
            return "others may read it or the group may write it (mode \(mode)); make it private: chmod 0640 \(path)"
        }
        // Root may look at anybody's.
        if user != 0, status.st_uid != 0, status.st_uid != user {
            return "it belongs to user \(status.st_uid), who could let in anybody; give it to root or to the user of "
                + "relayd: chown root:waxwing \(path)"
        }
        return nil
    }
}

/// What tells whether a file is the one it was.
struct FileStamp: Hashable, Sendable {
    private let device: UInt64
    private let inode: UInt64
    private let size: Int64
    /// Of the content, and of its mode and owner.
    private let times: [Int64]

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        times = [
            Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec), Int64(status.st_ctim.tv_sec),
            Int64(status.st_ctim.tv_nsec),
        ]
    }

    /// Nil where there is no file now.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }
}

/// Why a file of users cannot be used: where, what, and the cure. No part of a line is in it but a name.
public struct UsersFileFault: Error, Hashable, Sendable, CustomStringConvertible {
    public let path: String
    public let line: Int?
    /// The end of a sentence that begins with the path and the line.
    public let problem: String
    /// There is no such file.
    public let isAbsent: Bool

    init(path: String, line: Int? = nil, problem: String, isAbsent: Bool = false) {
        self.path = path
        self.line = line
        self.problem = problem
        self.isAbsent = isAbsent
    }

    init(path: String, code: CInt, verb: String) {
        if code == ENOENT {
            self.init(
                path: path, problem: "there is no such file; relayctl user add NAME makes it", isAbsent: true)
        } else {
            self.init(path: path, problem: "it cannot be \(verb): \(String(cString: strerror(code)))")
        }
    }

    public var description: String { "\(path)\(line.map { ", line \($0)" } ?? ""): \(problem)" }
}
