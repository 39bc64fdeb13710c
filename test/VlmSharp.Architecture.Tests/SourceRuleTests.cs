using System.Text.RegularExpressions;
using VlmSharp.Architecture.Tests.Pages;
using VlmSharp.Conformance;

namespace VlmSharp.Architecture.Tests;

/// <summary>Rules about the source files: namespaces, using directives and lengths.</summary>
public sealed partial class SourceRuleTests
{
    private const int MostLines = 400;

    /// <summary>The namespaces that differ from their folders, each with a reason.</summary>
    private static readonly (string File, string Namespace)[] Lent =
    [
        // Errors have the namespace VlmSharp, whichever assembly throws them.
        ("VlmSharp.Imaging/Errors.cs", "VlmSharp"),
        // By convention an extension method has the namespace of the type that it extends, so that users of the type see it.
        ("VlmSharp.Extensions.AI/VlmSharpChatClientExtensions.cs", "Microsoft.Extensions.AI"),
        ("VlmSharp.Extensions.AI/VlmSharpServiceCollectionExtensions.cs", "Microsoft.Extensions.DependencyInjection"),
        // The first file of a program, with top-level statements.
        ("bench/VlmSharp.Bench/Program.cs", ""),
    ];

    public static TheoryData<string> Projects => [.. Project.All.Select(project => project.Name)];

    public static TheoryData<string> Products => [.. Project.Products.Select(project => project.Name)];

    [Theory, MemberData(nameof(Projects))]
    public void A_namespace_is_a_folder(string name)
    {
        Project project = Project.All.Single(project => project.Name == name);
        Faults.AssertNone(project.Sources.Select(path => (Path: path, Expected: NamespaceOf(project, path), Found: NamespacesIn(path)))
            .Where(file => file.Found != file.Expected)
            .Select(file => $"{RepositoryFiles.Relative(file.Path)} has namespace {file.Found}, its folder is {file.Expected}"));
    }

    [Fact]
    public void Lent_namespaces_are_still_lent() =>
        Assert.All(Lent, lent => Assert.Equal(lent.Namespace, NamespacesIn(Path.Combine(GoldenFiles.Root, lent.File))));

    /// <summary>
    /// A constant of another folder leaves no trace in the assembly, so the figure of the arrows does not show its use, but the using
    /// directive does. A directive that only a comment needs is not allowed, because the comment can use the full name.
    /// </summary>
    [Theory, MemberData(nameof(Products))]
    public void A_using_directive_is_an_arrow(string name)
    {
        Project project = Project.Of(name);
        var arrows = project.Uses.Select(use => (use.User.Namespace, use.Used.Namespace)).ToHashSet();
        Faults.AssertNone(project.Sources
            .SelectMany(path => UsingDirective().Matches(File.ReadAllText(path)).Select(match => (Path: path, Used: NamespaceOf(match))))
            .Where(directive =>
                NamespacesIn(directive.Path) != directive.Used && !arrows.Contains((NamespacesIn(directive.Path), directive.Used)))
            .Select(directive => $"{RepositoryFiles.Relative(directive.Path)} is using {directive.Used}, and no compiled type of its "
                + "folder does: take the directive away; if a constant needs it, let the constant stand where it is used, or below both"));
    }

    [Theory, MemberData(nameof(Products))]
    public void Files_stay_readable(string name) => Faults.AssertNone(Project.Of(name).Sources
        .Where(path => File.ReadLines(path).Count() > MostLines)
        .Select(path => $"{RepositoryFiles.Relative(path)} has over {MostLines} lines: which part of it is a thing of its own?"));

    private static string NamespaceOf(Project project, string path)
    {
        if (Array.Find(Lent, lent => lent.File == RepositoryFiles.Relative(path)) is { File: not null } lent) return lent.Namespace;
        string folder = Path.GetRelativePath(project.Folder, Path.GetDirectoryName(path)!);
        return folder == "." ? project.RootNamespace : $"{project.RootNamespace}.{folder.Replace(Path.DirectorySeparatorChar, '.')}";
    }

    /// <summary>The namespace of a file; if there are several, all of them, which no folder matches.</summary>
    private static string NamespacesIn(string path) =>
        string.Join(" and ", NamespaceDeclaration().Matches(File.ReadAllText(path)).Select(match => match.Groups[1].Value));

    /// <summary>The namespace that a directive names. A static directive names a type in it.</summary>
    private static string NamespaceOf(Match directive)
    {
        string name = directive.Groups["name"].Value;
        return directive.Groups["static"].Success ? name[..name.LastIndexOf('.')] : name;
    }

    [GeneratedRegex(@"^namespace\s+([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex NamespaceDeclaration();

    [GeneratedRegex(@"^using (?<static>static )?(?<name>VlmSharp[\w.]*);", RegexOptions.Multiline)]
    private static partial Regex UsingDirective();
}
