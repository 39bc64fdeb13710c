using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace VlmSharp.Hub;

/// <summary>A model on the hub: the name of its repository, and a revision of it.</summary>
public sealed partial record HubModel
{
    /// <summary>The default revision.</summary>
    public const string DefaultRevision = "main";

    private const int MostNameCharacters = 96, MostRevisionCharacters = 200;

    private HubModel(string name, string revision) => (Name, Revision) = (name, revision);

    /// <summary>The owner and the name: <c>google/paligemma-3b-mix-224</c>.</summary>
    public string Name { get; }

    /// <summary>A branch, a tag or a commit.</summary>
    public string Revision { get; }

    /// <summary>Whether the revision is a commit, which never changes: 40 hexadecimal digits.</summary>
    internal bool IsCommit => CommitPattern().IsMatch(Revision);

    /// <summary>Parses <c>OWNER/NAME</c> or <c>OWNER/NAME@REVISION</c>.</summary>
    /// <param name="text">What the user typed; without a revision it is <c>main</c>.</param>
    /// <returns>The model.</returns>
    /// <exception cref="HubException">The text is not a valid name (<see cref="HubErrorKind.BadName"/>).</exception>
    public static HubModel Parse(string text) => TryParse(text, out HubModel? model) ? model : throw HubErrors.BadName(text);

    /// <summary>The same without an exception, to test whether a text can be a name.</summary>
    /// <param name="text">What the user typed.</param>
    /// <param name="model">The model, or null.</param>
    /// <returns>Whether it is a name.</returns>
    public static bool TryParse(string text, [NotNullWhen(true)] out HubModel? model)
    {
        ArgumentNullException.ThrowIfNull(text);
        model = null;
        int at = text.IndexOf('@', StringComparison.Ordinal);
        string name = at < 0 ? text : text[..at], revision = at < 0 ? DefaultRevision : text[(at + 1)..];
        if (!IsName(name) || !IsRevision(revision)) return false;
        model = new HubModel(name, revision);
        return true;
    }

    /// <summary>The same model at another revision.</summary>
    /// <param name="revision">A branch, a tag or a commit.</param>
    /// <returns>The model.</returns>
    /// <exception cref="HubException">The text is not a valid revision (<see cref="HubErrorKind.BadName"/>).</exception>
    public HubModel At(string revision)
    {
        ArgumentNullException.ThrowIfNull(revision);
        return IsRevision(revision) ? new HubModel(Name, revision) : throw HubErrors.BadName($"{Name}@{revision}");
    }

    /// <summary>The text that <see cref="Parse"/> reads.</summary>
    public override string ToString() => Revision == DefaultRevision ? Name : $"{Name}@{Revision}";

    internal static bool IsCommitHash(string text) => CommitPattern().IsMatch(text);

    // The hub's own rules. "--" separates owner and name in the cache.
    private static bool IsName(string text) =>
        text.Length <= MostNameCharacters && NamePattern().IsMatch(text) && !text.Contains("--", StringComparison.Ordinal)
        && !text.Contains("..", StringComparison.Ordinal) && !text.EndsWith(".git", StringComparison.Ordinal);

    // A revision becomes a path under refs, so names that git forbids are refused: empty parts, parts that begin or end with a dot.
    private static bool IsRevision(string text) =>
        text.Length <= MostRevisionCharacters && RevisionPattern().IsMatch(text) && !text.EndsWith(".lock", StringComparison.Ordinal)
        && text.Split('/').All(part => RepositoryPath.Problem(part) is null);

    [GeneratedRegex(
        @"^[A-Za-z0-9](?:[A-Za-z0-9._\-]*[A-Za-z0-9_])?/[A-Za-z0-9](?:[A-Za-z0-9._\-]*[A-Za-z0-9_])?\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"^[A-Za-z0-9_](?:[A-Za-z0-9._\-/]*[A-Za-z0-9_\-])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex RevisionPattern();

    [GeneratedRegex(@"^[0-9a-f]{40}\z", RegexOptions.CultureInvariant)]
    private static partial Regex CommitPattern();
}
