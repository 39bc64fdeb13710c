namespace VlmSharp.Architecture.Tests;

/// <summary>
/// An operator has one name everywhere: the type that states its equation, the file of that type, the file that computes it in plain
/// loops, and the files that compute it fast.
/// </summary>
public sealed class OperatorNameTests
{
    private const string Stated = "VlmSharp.Core/Compute/Operators", Defined = "VlmSharp.Core/Compute/Reference";
    private const string Fast = "VlmSharp.Cpu/Operators", OnDevice = "VlmSharp.Gpu/Operators";

    /// <summary>Files next to the operators that hold no operator: the backend, its table of kernels, and shared code.</summary>
    private static readonly string[] Tables =
    [
        "ReferenceBackend", "ReferenceOperators", "CpuOperators", "GpuOperators", "GpuOperators.Kernels", "IOperatorKernel", "IFusedKernel"
    ];

    /// <summary>The operators: the types that implement the interface.</summary>
    private static readonly string[] Names = [.. Project.Of("VlmSharp.Core").Uses
        .Where(use => use.Member is null && use.User.Namespace == "VlmSharp.Compute.Operators")
        .Where(use => use.Used is { Namespace: "VlmSharp.Compute", Name: "IOperator" })
        .Select(use => use.User.Name).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>
    /// The operators that are composed of others. A backend may have a kernel for one, but no separate definition is needed.
    /// </summary>
    private static readonly string[] FusedNames = [.. Project.Of("VlmSharp.Core").Uses
        .Where(use => use.Member is null && use.User.Namespace == "VlmSharp.Compute.Operators")
        .Where(use => use.Used.Namespace == "VlmSharp.Compute" && use.Used.Name.StartsWith("IFusedOperator", StringComparison.Ordinal))
        .Select(use => use.User.Name).Distinct()];

    public static TheoryData<string> Operators => [.. Names];

    [Theory, MemberData(nameof(Operators))]
    public void An_operator_has_a_file_of_its_name_and_a_definition(string name)
    {
        Assert.Contains(name, FilesOf(Stated));
        Assert.Contains(name, FilesOf(Defined));
    }

    /// <summary>The other way round: a file that computes an operator has its name, so that its counterpart is found.</summary>
    [Theory, InlineData(Defined), InlineData(Fast), InlineData(OnDevice)]
    public void A_file_of_kernels_is_named_after_an_operator(string folder) => Faults.AssertNone(FilesOf(folder)
        .Where(file => !Tables.Contains(file) && !Names.Contains(file) && !FusedNames.Contains(file))
        .Select(file => $"{folder}/{file}.cs is not named after an operator of {Stated}"));

    private static IEnumerable<string> FilesOf(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Conformance.GoldenFiles.Root, folder), "*.cs")
            .Select(path => Path.GetFileNameWithoutExtension(path));
}
