using VlmSharp.Architecture.Tests.Reading;

namespace VlmSharp.Architecture.Tests;

/// <summary>What a project may use, beyond the arrows of the figure.</summary>
public sealed class CompiledRuleTests
{
    public static TheoryData<string> Libraries => [.. Project.Libraries.Select(project => project.Name)];

    [Fact]
    public void Core_uses_only_the_platform_and_imaging() => Faults.AssertNone(Project.Of("VlmSharp.Core").Uses
        .Where(use => use.Used.Assembly is not ("VlmSharp.Core" or "VlmSharp.Imaging"))
        .Where(use => !use.Used.Assembly.StartsWith("System.", StringComparison.Ordinal))
        .Select(use => use.ToString()));

    /// <summary>
    /// A backend does not know what a model is, how it is stored or how text is generated, so a new model needs no new backend.
    /// </summary>
    [Theory, InlineData("VlmSharp.Cpu"), InlineData("VlmSharp.Gpu")]
    public void A_backend_uses_only_the_operators_and_errors_of_core(string backend) => Faults.AssertNone(Project.Of(backend).Uses
        .Where(use => Project.OfAssembly(use.Used.Assembly) is { } project && project.Name != backend)
        .Where(use => !IsCompute(use.Used) && use.Used.Namespace != "VlmSharp")
        .Select(use => use.ToString()));

    [Fact]
    public void Operators_use_only_the_errors_of_core() => Faults.AssertNone(Project.Of("VlmSharp.Core").Uses
        .Where(use => IsCompute(use.User) && use.Used.Assembly == "VlmSharp.Core")
        .Where(use => !IsCompute(use.Used) && use.Used.Namespace != "VlmSharp")
        .Select(use => use.ToString()));

    [Fact]
    public void Formats_do_not_use_models() => Faults.AssertNone(Project.Of("VlmSharp.Core").Uses
        .Where(use => use.User.Namespace == "VlmSharp.Formats" && use.Used.Assembly == "VlmSharp.Core")
        .Where(use => !IsCompute(use.Used) && use.Used.Namespace is not ("VlmSharp" or "VlmSharp.Formats"))
        .Select(use => use.ToString()));

    /// <summary>A library communicates through values and exceptions. Only the program uses the console and the environment.</summary>
    [Theory, MemberData(nameof(Libraries))]
    public void A_library_has_no_console_and_no_environment(string library) => Faults.AssertNone(Project.Of(library).Uses
        .Where(use => use.Used.Namespace == "System" && (use.Used.Name == "Console"
            || (use.Used.Name == "Environment" && use.UsedMember?.Contains("EnvironmentVariable", StringComparison.Ordinal) == true)))
        .Select(use => use.ToString()));

    /// <summary>The rules above look for uses that must not exist. The program, which has them, shows that they would be found.</summary>
    [Fact]
    public void The_program_has_both() => Assert.Equal(
        ["Console", "GetEnvironmentVariable"],
        Project.Of("VlmSharp.Cli").Uses.Where(use => use.Used.Namespace == "System")
            .Select(use => use.Used.Name == "Console" ? "Console" : use.UsedMember)
            .Where(name => name is "Console" or "GetEnvironmentVariable").Distinct().Order(StringComparer.Ordinal));

    private static bool IsCompute(TypeName type) => $"{type.Namespace}.".StartsWith("VlmSharp.Compute.", StringComparison.Ordinal);
}
