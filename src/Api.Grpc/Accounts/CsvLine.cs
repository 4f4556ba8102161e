namespace Api.Grpc.Accounts;

/// <summary>A record of CSV: its line number from 1, and its fields; null fields when the quoting is broken.</summary>
internal readonly record struct CsvLine(int Number, IReadOnlyList<string>? Fields);
