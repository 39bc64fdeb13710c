using VlmSharp.Architecture.Tests.Reading;

namespace VlmSharp.Architecture.Tests;

/// <summary>What a project may know, beyond the arrows of the figure.</summary>
public sealed class CompiledRuleTests
{
    public static TheoryData<string> Libraries => [.. Project.Libraries.Select(project => project.Name)];

    [Fact]
    public void Core_uses_the_platform_and_imaging_alone() => Faults.AssertNone(Project.Of("VlmSharp.Core").Uses
        .Where(use => use.Used.Assembly is not ("VlmSharp.Core" or "VlmSharp.Imaging"))
        .Where(use => !use.Used.Assembly.StartsWith("System.", StringComparison.Ordinal))
        .Select(use => use.ToString()));

    /// <summary>
    /// What a model is, how it is stored and how text is made with it is no matter of a backend: another model needs no new one.
    /// </summary>
    [Theory, InlineData("VlmSharp.Cpu"), InlineData("VlmSharp.Gpu")]
    public void A_backend_knows_of_core_the_operators_and_errors_alone(string backend) => Faults.AssertNone(Project.Of(backend).Uses
        .Where(use => Project.OfAssembly(use.Used.Assembly) is { } project && project.Name != backend)
        .Where(use => !IsCompute(use.Used) && use.Used.Namespace != "VlmSharp")
        .Select(use => use.ToString()));

    [Fact]
    public void Operators_know_of_core_its_errors_alone() => Faults.AssertNone(Project.Of("VlmSharp.Core").Uses
        .Where(use => IsCompute(use.User) && use.Used.Assembly == "VlmSharp.Core")
        .Where(use => !IsCompute(use.Used) && use.Used.Namespace != "VlmSharp")
        .Select(use => use.ToString()));

    [Fact]
    public void Formats_know_of_no_model() => Faults.AssertNone(Project.Of("VlmSharp.Core").Uses
        .Where(use => use.User.Namespace == "VlmSharp.Formats" && use.Used.Assembly == "VlmSharp.Core")
        .Where(use => !IsCompute(use.Used) && use.Used.Namespace is not ("VlmSharp" or "VlmSharp.Formats"))
        .Select(use => use.ToString()));

    /// <summary>A library talks to its caller through values and exceptions; only the program has a console and an environment.</summary>
    [Theory, MemberData(nameof(Libraries))]
    public void A_library_has_no_console_and_no_environment(string library) => Faults.AssertNone(Project.Of(library).Uses
        .Where(use => use.Used.Namespace == "System" && (use.Used.Name == "Console"
            || (use.Used.Name == "Environment" && use.UsedMember?.Contains("EnvironmentVariable", StringComparison.Ordinal) == true)))
        .Select(use => use.ToString()));

    /// <summary>The rules above look for what is not there; that they would see it, the program shows.</summary>
    [Fact]
    public void The_program_has_both() => Assert.Equal(
        ["Console", "GetEnvironmentVariable"],
        Project.Of("VlmSharp.Cli").Uses.Where(use => use.Used.Namespace == "System")
            .Select(use => use.Used.Name == "Console" ? "Console" : use.UsedMember)
            .Where(name => name is "Console" or "GetEnvironmentVariable").Distinct().Order(StringComparer.Ordinal));

    private static bool IsCompute(TypeName type) => $"{type.Namespace}.".StartsWith("VlmSharp.Compute.", StringComparison.Ordinal);
}
