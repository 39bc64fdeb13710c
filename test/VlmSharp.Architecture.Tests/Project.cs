using System.Xml.Linq;
using VlmSharp.Architecture.Tests.Reading;
using VlmSharp.Conformance;

namespace VlmSharp.Architecture.Tests;

/// <summary>A project of the repository: its folder, the contents of its project file, and the types that its assembly uses.</summary>
internal sealed class Project
{
    private readonly Lazy<IReadOnlyCollection<TypeUse>> uses;

    private Project(string file)
    {
        Folder = Path.GetDirectoryName(file)!;
        Name = Path.GetFileNameWithoutExtension(file);
        XDocument content = XDocument.Load(file);
        RootNamespace = content.Descendants("RootNamespace").Single().Value;
        AssemblyName = content.Descendants("AssemblyName").SingleOrDefault()?.Value ?? Name;
        uses = new Lazy<IReadOnlyCollection<TypeUse>>(ReadUses);
    }

    /// <summary>What ships: the projects at the top of the repository.</summary>
    public static IReadOnlyList<Project> Products { get; } = In("");

    /// <summary>The products and the projects of <c>test</c> and <c>bench</c>.</summary>
    public static IReadOnlyList<Project> All { get; } = [.. Products, .. In("test"), .. In("bench")];

    /// <summary>The products that are libraries: all but the program.</summary>
    public static IEnumerable<Project> Libraries => Products.Where(project => project.Name != "VlmSharp.Cli");

    public string Name { get; }

    /// <summary>Full path of the folder.</summary>
    public string Folder { get; }

    public string RootNamespace { get; }

    public string AssemblyName { get; }

    /// <summary>Which types of the assembly name which other types, inside and outside of it.</summary>
    public IReadOnlyCollection<TypeUse> Uses => uses.Value;

    /// <summary>The source files, full paths.</summary>
    public IEnumerable<string> Sources => Directory.EnumerateFiles(Folder, "*.cs", SearchOption.AllDirectories)
        .Where(path => Path.GetRelativePath(Folder, path).Split(Path.DirectorySeparatorChar)[0] is not ("obj" or "bin"));

    /// <summary>The product of an assembly, or null for other assemblies.</summary>
    public static Project? OfAssembly(string name) => Products.FirstOrDefault(project => project.AssemblyName == name);

    /// <summary>The product of that name.</summary>
    public static Project Of(string name) => Products.Single(project => project.Name == name);

    /// <summary>
    /// The folder of a namespace, as its path with dots; empty for the folder of the project. A namespace outside of the project's own,
    /// lent by the platform or another project, counts as the folder of the project.
    /// </summary>
    public string FolderOf(string space) =>
        space.StartsWith(RootNamespace + ".", StringComparison.Ordinal) ? space[(RootNamespace.Length + 1)..] : "";

    private static Project[] In(string folder) => [.. Directory.EnumerateDirectories(Path.Combine(GoldenFiles.Root, folder))
        .SelectMany(path => Directory.EnumerateFiles(path, "*.csproj")).Order(StringComparer.Ordinal).Select(file => new Project(file))];

    private IReadOnlyCollection<TypeUse> ReadUses()
    {
        string path = Path.Combine(AppContext.BaseDirectory, AssemblyName + ".dll");
        return File.Exists(path)
            ? AssemblyReader.Read(path)
            : throw new FileNotFoundException(
                $"{path} does not exist: have VlmSharp.Architecture.Tests.csproj reference {Name}, so that its arrows are looked at.");
    }
}
