using VlmSharp.Architecture.Tests.Reading;

namespace VlmSharp.Architecture.Tests.Arrows;

/// <summary>An arrow: one folder or project uses another one.</summary>
/// <param name="From">The one that uses.</param>
/// <param name="To">The one that is used.</param>
internal readonly record struct Arrow(string From, string To);

/// <summary>The folders of a project, or the projects, and the arrows between them.</summary>
internal sealed class ArrowGraph
{
    private readonly Dictionary<Arrow, string> examples = [];
    private readonly Dictionary<string, HashSet<string>> reached = [];

    /// <summary>Collects arrows, without those from a folder to itself.</summary>
    /// <param name="name">The name of the graph.</param>
    /// <param name="uses">The uses, each with its text for messages. The first text of an arrow is kept.</param>
    public ArrowGraph(string name, IEnumerable<(string From, string To, string Example)> uses)
    {
        Name = name;
        foreach ((string from, string to, string example) in uses)
        {
            foreach (string node in new[] { from, to }) reached.TryAdd(node, []);
            if (from == to) continue;
            examples.TryAdd(new Arrow(from, to), example);
            reached[from].Add(to);
        }

        // Adds an arrow for every path of two arrows until there is none to add.
        foreach (string middle in reached.Keys)
            foreach (HashSet<string> to in reached.Values)
                if (to.Contains(middle)) to.UnionWith(reached[middle]);
    }

    /// <summary>The name of the graph: a project, or <c>projects</c>.</summary>
    public string Name { get; }

    /// <summary>The arrows, each with an example: "A uses B in C".</summary>
    public IReadOnlyDictionary<Arrow, string> Arrows => examples;

    /// <summary>The folders from the top down: a folder comes before all that it uses, directly or indirectly, if possible.</summary>
    public IEnumerable<string> Rows =>
        reached.Keys.OrderByDescending(node => reached[node].Count).ThenBy(node => node, StringComparer.Ordinal);

    /// <summary>The sets of folders that all reach each other.</summary>
    public IEnumerable<string[]> Circles => reached.Keys.Where(node => reached[node].Contains(node))
        .Select(node => reached[node].Where(other => reached[other].Contains(node)).Order(StringComparer.Ordinal).ToArray())
        .DistinctBy(circle => circle[0]);

    /// <summary>The arrows between the folders of a project.</summary>
    public static ArrowGraph OfFolders(Project project) => new(project.Name, Ordered(project.Uses)
        .Where(use => use.Used.Assembly == project.AssemblyName)
        .Select(use => (Folder(use.User), Folder(use.Used), use.ToString()))
        .Concat(project.Uses.Select(use => (Folder(use.User), Folder(use.User), "")))); // includes folders without arrows

    /// <summary>The arrows between the projects.</summary>
    public static ArrowGraph OfProjects() => new("projects", Project.Products.SelectMany(project => Ordered(project.Uses)
        .Select(use => (project.Name, Project.OfAssembly(use.Used.Assembly)?.Name ?? project.Name, use.ToString()))));

    /// <summary>Ordered so that the first use is a good example: uses in a member of the source first, then by name.</summary>
    private static IOrderedEnumerable<TypeUse> Ordered(IEnumerable<TypeUse> uses) => uses
        .OrderBy(use => use.Member is null or "a lambda").ThenBy(use => use.ToString(), StringComparer.Ordinal);

    // The errors have the namespace VlmSharp in every project, so outside of Core their namespace is not a folder.
    private static string Folder(TypeName type) => type is { Namespace: "VlmSharp", Assembly: not "VlmSharp.Core" } ? "errors" :
        Project.OfAssembly(type.Assembly)!.FolderOf(type.Namespace) is { Length: > 0 } folder ? folder : "(root)";
}
