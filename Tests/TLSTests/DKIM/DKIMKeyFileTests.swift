import FoundationEssentials
import Glibc
import Mail
import Testing

@testable import TLS

/// Key files, and who may read them.
@Suite struct DKIMKeyFileTests {
    /// A folder that is gone behind `body`.
    private func inFolder(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/waxwing-dkim-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        let folder = try #require(made)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private func write(_ octets: [UInt8], _ path: String, mode: mode_t) throws {
        try Data(octets).write(to: URL(filePath: path))
        try #require(chmod(path, mode) == 0)
    }

    @Test("a file that only its owner can read and write is read", arguments: [0o600, 0o400, 0o700, 0o611] as [mode_t])
    func good(_ mode: mode_t) throws {
        try inFolder { folder in
            let path = "\(folder)/key.pem"
            try write(DKIMPrivateKey.generate(.ed25519), path, mode: mode)
            #expect(try DKIMPrivateKey.load(file: path).keyType == .ed25519)
        }
    }

    @Test(
        "a file that group or others can read or write is refused, with the cure",
        arguments: [0o640, 0o620, 0o604, 0o602, 0o644, 0o666, 0o660] as [mode_t])
    func open(_ mode: mode_t) throws {
        try inFolder { folder in
            let path = "\(folder)/key.pem"
            try write(DKIMPrivateKey.generate(.ed25519), path, mode: mode)
            let octal = String(mode, radix: 8)
            let error = TLSError(
                .file(path),
                text: "\(path): group or others can read or write the key (mode \(octal)); "
                    + "make it private: chmod 600 \(path)")
            #expect(throws: error) { try DKIMPrivateKey.load(file: path) }
        }
    }

    @Test("what is no regular file is refused, and stops nobody")
    func irregular() throws {
        try inFolder { folder in
            #expect(throws: TLSError(.file(folder), text: "\(folder): it is no regular file")) {
                try DKIMPrivateKey.load(file: folder)
            }
            let pipe = "\(folder)/pipe"
            try #require(mkfifo(pipe, 0o600) == 0)
            #expect(throws: TLSError(.file(pipe), text: "\(pipe): it is no regular file")) {
                try DKIMPrivateKey.load(file: pipe)
            }
            let missing = "\(folder)/missing"
            #expect(throws: TLSError(.file(missing), text: "\(missing): No such file or directory")) {
                try DKIMPrivateKey.load(file: missing)
            }
        }
    }

    @Test("a symbolic link is judged by the file behind it")
    func link() throws {
        try inFolder { folder in
            let (path, link) = ("\(folder)/key.pem", "\(folder)/link.pem")
            try write(DKIMPrivateKey.generate(.ed25519), path, mode: 0o600)
            try #require(symlink(path, link) == 0)
            #expect(throws: Never.self) { try DKIMPrivateKey.load(file: link) }
            try #require(chmod(path, 0o644) == 0)
            #expect(throws: TLSError.self) { try DKIMPrivateKey.load(file: link) }
        }
    }

    @Test("the longest file, and one that is longer", arguments: [0, 1])
    func length(_ surplus: Int) throws {
        try inFolder { folder in
            let path = "\(folder)/key.pem"
            let pem = try DKIMPrivateKey.generate(.ed25519)
            let rest = [UInt8](repeating: 0x0A, count: DKIMPrivateKey.fileLimit - pem.count + surplus)
            try write(pem + rest, path, mode: 0o600)
            if surplus == 0 {
                #expect(throws: Never.self) { try DKIMPrivateKey.load(file: path) }
            } else {
                #expect(throws: TLSError(.file(path), text: "\(path): it is longer than 65536 octets, and no key is")) {
                    try DKIMPrivateKey.load(file: path)
                }
            }
        }
    }

    @Test("a file without a key names its path")
    func noKey() throws {
        try inFolder { folder in
            let path = "\(folder)/key.pem"
            try write(Array("hello".utf8), path, mode: 0o600)
            #expect {
                try DKIMPrivateKey.load(file: path)
            } throws: { error in
                let error = error as? TLSError
                return error?.kind == .file(path)
                    && error?.text.hasPrefix("\(path): it holds no private key in PEM form") == true
            }
        }
    }
}
