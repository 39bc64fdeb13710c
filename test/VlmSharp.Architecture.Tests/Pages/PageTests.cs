using System.Text.RegularExpressions;

namespace VlmSharp.Architecture.Tests.Pages;

/// <summary>Everything to which a page refers exists: pages, headings, files, names in the code.</summary>
public sealed partial class PageTests
{
    private static readonly Lazy<HashSet<string>> Identifiers = new(() => [.. RepositoryFiles.Sources
        .SelectMany(path => Identifier().Matches(Comment().Replace(RepositoryFiles.Read(path), "")).Select(match => match.Value))]);

    public static TheoryData<string> Pages => [.. RepositoryFiles.Pages];

    [Theory, MemberData(nameof(Pages))]
    public void Links_lead_somewhere(string path)
    {
        Faults.AssertNone(new Page(RepositoryFiles.Read(path)).Links
            .Where(link => !link.Contains(':', StringComparison.Ordinal) && !LeadsSomewhere(link))
            .Select(link => $"{path} links to {link}: there is no such file, or no such heading in it"));

        bool LeadsSomewhere(string link)
        {
            string[] parts = link.Split('#');
            string target = parts[0].Length == 0 ? path : Path.Combine(Path.GetDirectoryName(path)!, parts[0]);
            return RepositoryFiles.Has(target) && (parts.Length == 1 || new Page(RepositoryFiles.Read(target)).Anchors.Contains(parts[1]));
        }
    }

    [Theory, MemberData(nameof(Pages))]
    public void Paths_exist(string path)
    {
        var page = new Page(RepositoryFiles.Read(path));
        Faults.AssertNone(RepositoryFiles.PathsIn(string.Join('\n', [.. page.Spans, .. page.Blocks, .. page.Indented]))
            .Where(named => !RepositoryFiles.Has(named))
            .Select(named => $"{path} names {named}, which does not exist"));
    }

    [Theory, MemberData(nameof(Pages))]
    public void Source_files_exist(string path) => Faults.AssertNone(new Page(RepositoryFiles.Read(path)).Spans
        .Where(span => SourceFile().IsMatch(span) && !RepositoryFiles.HasSource(span))
        .Select(span => $"{path} names {span}: no source file's path ends so"));

    /// <summary>Every part of a name such as <c>PaliGemmaModel.Embed</c> occurs in the code. A word in capitals is not a name.</summary>
    [Theory, MemberData(nameof(Pages))]
    public void Names_occur_in_the_code(string path) => Faults.AssertNone(new Page(RepositoryFiles.Read(path)).Spans
        .Select(span => CodeName().Match(span)).Where(match => match.Success && match.Value.Any(char.IsLower))
        .Where(match => match.Groups[1].Value.Split('.').Any(part => !Identifiers.Value.Contains(part)))
        .Select(match => $"{path} names {match.Value}, a name that no source has"));

    [Theory, MemberData(nameof(Pages))]
    public void Samples_use_namespaces_that_exist(string path)
    {
        var known = Project.Products.SelectMany(project => project.Uses).Select(use => use.User.Namespace).ToHashSet();
        Faults.AssertNone(new Page(RepositoryFiles.Read(path)).Blocks
            .SelectMany(block => SampleUsing().Matches(block)).Select(match => match.Groups[1].Value).Where(used => !known.Contains(used))
            .Select(used => $"{path} has a sample that is using {used}: no product has that namespace"));
    }

    /// <summary>Comments refer to pages and files, and so does the page of an explanation.</summary>
    [Fact]
    public void Paths_in_sources_exist() => Faults.AssertNone(RepositoryFiles.Sources
        .SelectMany(path => RepositoryFiles.PathsIn(RepositoryFiles.Read(path)).Select(named => (Path: path, Named: named)))
        .Where(found => !RepositoryFiles.Has(found.Named)).Select(found => $"{found.Path} names {found.Named}, which does not exist"));

    [GeneratedRegex(@"^[\w./]+\.cs$")]
    private static partial Regex SourceFile();

    [GeneratedRegex(@"^((?!VlmSharp\.)[A-Z]\w*(?:\.[A-Z]\w*)*)(?:<[^>]*>)?(?:\(.*\))?$")]
    private static partial Regex CodeName();

    [GeneratedRegex(@"^using (VlmSharp[\w.]*);", RegexOptions.Multiline)]
    private static partial Regex SampleUsing();

    [GeneratedRegex(@"\b[A-Z]\w*")]
    private static partial Regex Identifier();

    [GeneratedRegex(@"(?<!:)//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();
}
