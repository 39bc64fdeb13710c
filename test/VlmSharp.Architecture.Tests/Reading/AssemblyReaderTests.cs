namespace VlmSharp.Architecture.Tests.Reading;

/// <summary>If the reader missed a way to name a type, an arrow would go unnoticed.</summary>
public sealed class AssemblyReaderTests
{
    private const string Sample = "VlmSharp.Architecture.Tests.Reading.Sample";

    private static readonly IReadOnlyCollection<TypeUse> Uses = AssemblyReader.Read(typeof(AssemblyReaderTests).Assembly.Location);

    /// <summary>Constants is the only one missing: the compiler replaced its name by 0.</summary>
    [Fact]
    public void Finds_every_way_to_name_a_type() => Assert.Equal(
        """
        BaseArgument: its constructor, its declaration
        BaseType: its constructor, its declaration
        ByReference: Get
        Caught: Caught
        Element: List
        Event: Heard, Raise
        Field: Get, its constructor, kept
        GenericArgument: Generic
        IConstraint: Async, Iterator, its declaration
        IInterface: its declaration
        IMethodConstraint: Constrained
        InAsync: Async
        InIterator: Iterator
        InLambda: Lambda
        InLocalFunction: LocalFunction
        InNested: N, inner, its constructor
        InUncaptured: Uncaptured
        Local: Local
        Made: Explicit
        OfArgumentAttribute: Get
        OfFieldAttribute: kept
        OfParameterAttribute: Async, Iterator, its declaration
        OfTypeAttribute: its declaration
        Parameter: Get
        Pointed: Point
        Pointer: Point
        Property: Property
        Static: Generic, Local
        Tested: Test
        Token: Token
        """.ReplaceLineEndings("\n"),
        string.Join('\n', Uses.Where(use => use.User.Name == "Everything" && use.Used.Namespace == Sample)
            .GroupBy(use => use.Used.Name, use => use.Member ?? "its declaration").OrderBy(uses => uses.Key, StringComparer.Ordinal)
            .Select(uses => $"{uses.Key}: {string.Join(", ", uses.Distinct().Order(StringComparer.Ordinal))}")));

    [Fact]
    public void Says_which_member_is_used()
    {
        TypeUse use = Assert.Single(Uses, use => use.Used.Name == "Made" && use.UsedMember == "Go");
        Assert.Equal("Everything uses Made.Go in Explicit", use.ToString());
    }

    [Fact]
    public void Knows_the_assembly_of_an_external_type() =>
        Assert.Contains(Uses, use => use.User.Name == "Caught" && use.Used == new TypeName("System.Runtime", "System", "Exception"));

    [Fact]
    public void Types_that_the_compiler_adds_are_not_users() =>
        Assert.DoesNotContain(Uses, use => use.User.Name.Contains('<', StringComparison.Ordinal));

    [Theory]
    [InlineData("get_Name", "Name")]
    [InlineData("System.IDisposable.Dispose", "Dispose")]
    [InlineData("System.Collections.Generic.IEnumerator<System.Int32>.get_Current", "Current")]
    [InlineData(".cctor", "its static constructor")]
    [InlineData("<Name>k__BackingField", "Name")]
    [InlineData("<Run>b__3_0", "Run")]
    [InlineData("<Run>g__Inner|3_0", "Run")]
    [InlineData("<<Run>b__0>d", "Run")]
    [InlineData("<get_Name>b__0", "Name")]
    [InlineData("<>9__6_3", "a lambda")]
    [InlineData("<0>__Read", "a lambda")]
    public void Uses_the_name_of_a_member_in_the_source(string name, string member) => Assert.Equal(member, MemberNames.Of(name));
}
