using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace VlmSharp.Samples.Tests;

/// <summary>C# compiled as the SDK's console and web projects do it: top-level statements, implicit usings, nullable types.</summary>
internal sealed class SampleProgram
{
    private static readonly string[] ConsoleUsings =
    [
        "System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Net.Http", "System.Threading", "System.Threading.Tasks",
    ];

    private static readonly string[] WebUsings =
    [
        "System.Net.Http.Json", "Microsoft.AspNetCore.Builder", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Http",
        "Microsoft.AspNetCore.Routing", "Microsoft.Extensions.Configuration", "Microsoft.Extensions.DependencyInjection",
        "Microsoft.Extensions.Hosting", "Microsoft.Extensions.Logging",
    ];

    // Every assembly of this process by its name: the runtime's, ASP.NET Core's, the products' and those of packages.
    private static readonly Dictionary<string, string> Files = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
        .Split(Path.PathSeparator).DistinctBy(Path.GetFileNameWithoutExtension, StringComparer.OrdinalIgnoreCase)
        .ToDictionary(file => Path.GetFileNameWithoutExtension(file), StringComparer.OrdinalIgnoreCase);

    private static readonly string RuntimeFolder = Path.GetDirectoryName(typeof(object).Assembly.Location)!;

    private static readonly string WebFolder = Path.GetDirectoryName(Files["Microsoft.AspNetCore"])!;

    private readonly CSharpCompilation compilation;

    /// <summary>Sets a program up; nothing is compiled yet.</summary>
    /// <param name="code">Its text; using directives may stand anywhere, so that blocks of a page can be joined.</param>
    /// <param name="packages">The packages that its project names. It sees these, what they depend on, and the runtime.</param>
    /// <param name="web">Whether the project is one of <c>dotnet new web</c>.</param>
    /// <param name="moreUsings">Namespaces that are imported beside the SDK's.</param>
    public SampleProgram(string code, IEnumerable<string> packages, bool web = false, IEnumerable<string>? moreUsings = null)
    {
        string[] lines = code.Split('\n');
        string joined = string.Join('\n', [.. lines.Where(IsUsing).Distinct(), .. lines.Where(line => !IsUsing(line))]);
        IEnumerable<string> imported = ConsoleUsings.Concat(web ? WebUsings : []).Concat(moreUsings ?? []);
        string usings = string.Concat(imported.Select(name => $"global using {name};\n"));
        var language = new CSharpParseOptions(LanguageVersion.Latest);
        compilation = CSharpCompilation.Create($"Sample{Guid.NewGuid():N}",
            [CSharpSyntaxTree.ParseText(joined, language), CSharpSyntaxTree.ParseText(usings, language)],
            References(packages, web).Select(name => MetadataReference.CreateFromFile(Files[name])),
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
    }

    /// <summary>What the compiler has to say against it: errors and warnings, each with its line of the program.</summary>
    public IReadOnlyList<string> Faults => [.. compilation.GetDiagnostics()
        .Where(fault => fault.Severity is DiagnosticSeverity.Error or DiagnosticSeverity.Warning)
        .Select(fault => $"{fault.Id} {fault.GetMessage(System.Globalization.CultureInfo.InvariantCulture)}: {LineOf(fault)}")];

    /// <summary>Runs it to its end, in this process.</summary>
    public async Task RunAsync(params string[] arguments)
    {
        using var image = new MemoryStream();
        Assert.True(compilation.Emit(image).Success, string.Join('\n', Faults));
        MethodInfo main = Assembly.Load(image.ToArray()).EntryPoint!;
        object?[] given = main.GetParameters().Length == 0 ? [] : [arguments];
        if (main.Invoke(null, BindingFlags.DoNotWrapExceptions, null, given, null) is Task task) await task;
    }

    private static HashSet<string> References(IEnumerable<string> packages, bool web)
    {
        var seen = Files.Where(file => InFolder(file.Value, RuntimeFolder) || (web && InFolder(file.Value, WebFolder)))
            .Select(file => file.Key).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var open = new Queue<string>(packages);
        while (open.TryDequeue(out string? name))
        {
            if (!seen.Add(name)) continue;
            Assert.True(Files.ContainsKey(name), $"there is no assembly {name}");
            foreach (AssemblyName used in Assembly.LoadFrom(Files[name]).GetReferencedAssemblies()) open.Enqueue(used.Name!);
        }
        return seen;
    }

    // A directive, not a statement that disposes of something.
    private static bool IsUsing(string line) =>
        line.StartsWith("using ", StringComparison.Ordinal) && line.EndsWith(';') && !line.Contains('=');

    private static bool InFolder(string file, string folder) => Path.GetDirectoryName(file) == folder;

    private static string LineOf(Diagnostic fault) =>
        fault.Location.SourceTree?.GetText().Lines[fault.Location.GetLineSpan().StartLinePosition.Line].ToString().Trim() ?? "";
}
