using Testing.Shared;

namespace Journey.Tests.Identity;

/// <summary>A row of one of the tables of docs/identity.md: its cells by the names of their columns, code marks taken off.</summary>
internal sealed class IdentityRow
{
    /// <summary>What stands in a cell that says nothing.</summary>
    public const string Nothing = "-";

    private static readonly string[] Document = File.ReadAllLines(Path.Combine(Repository.Root, "docs", "identity.md"));

    private readonly Dictionary<string, string> _cells;

    /// <param name="section">The heading the table stands under.</param>
    /// <param name="line">The row as it stands in the document.</param>
    public IdentityRow(string section, string line)
    {
        string[] columns = Cells(Table(section)[0]);
        string[] cells = Cells(line);
        Assert.True(columns.Length == cells.Length, $"{cells.Length} cells in place of {columns.Length}: {line}");
        _cells = columns.Zip(cells).ToDictionary(cell => cell.First, cell => cell.Second);
    }

    /// <summary>Rows in all tables of the document, without those that name the columns.</summary>
    public static int InAll => Document.Count(line => line.StartsWith('|')) - (2 * Document.Count(line => line.StartsWith("|---", StringComparison.Ordinal)));

    /// <summary>The cell of a column.</summary>
    public string this[string column] => _cells[column];

    /// <summary>Whether the cell of a column says something.</summary>
    public bool Has(string column) => this[column] != Nothing;

    /// <summary>The rows of a table, for a theory: each test is named by its line of the document.</summary>
    public static TheoryData<string> Of(string section) => [.. Table(section).Skip(2)];

    private static string[] Table(string section) =>
        [.. Document.SkipWhile(line => line != $"## {section}").Skip(1).TakeWhile(line => !line.StartsWith('#')).Where(line => line.StartsWith('|'))];

    private static string[] Cells(string line) => [.. line.Trim('|', ' ').Split(" | ").Select(cell => cell.Trim().Trim('`'))];
}
