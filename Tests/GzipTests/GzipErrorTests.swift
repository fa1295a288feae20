import Gzip
import Testing

@Test("a bound is part of its error")
func bound() {
    #expect(GzipError.tooLarge(limit: 1) != GzipError.tooLarge(limit: 2))
}
