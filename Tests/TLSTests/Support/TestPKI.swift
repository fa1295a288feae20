@testable import TLS

/// root > intermediate > leaf for mx.example.com, made once for all tests.
struct TestPKI: Sendable {
    let root: TestCertificate
    let intermediate: TestCertificate
    let leaf: TestCertificate

    static let made = Result { try TestPKI() }

    static func shared() throws -> TestPKI {
        try made.get()
    }

    private init() throws {
        let root = try TestCertificate.make {
            $0.name = "root"
            $0.authority = true
        }
        let intermediate = try TestCertificate.make {
            $0.name = "intermediate"
            $0.issuer = root
            $0.authority = true
        }
        self.root = root
        self.intermediate = intermediate
        leaf = try TestCertificate.make {
            $0.name = "mx"
            $0.issuer = intermediate
            $0.names = ["mx.example.com"]
        }
    }

    /// Another leaf of the intermediate.
    func leaf(_ edit: (inout TestCertificate.Recipe) -> Void) throws -> TestCertificate {
        try TestCertificate.make {
            $0.issuer = intermediate
            edit(&$0)
        }
    }
}
