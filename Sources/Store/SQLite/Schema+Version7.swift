extension Schema {
    // Messages of the journal that were put into the tables before their turn: a start after a crash must not put them there
    // again.
    static let version7 = """
        CREATE TABLE journal_ahead (
            message INTEGER PRIMARY KEY
        );
        PRAGMA user_version = 7;
        """
}
