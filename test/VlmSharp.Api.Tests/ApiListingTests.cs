namespace VlmSharp.Api.Tests;

/// <summary>If the listing missed a kind of change, that change would go unnoticed.</summary>
public sealed class ApiListingTests
{
    [Fact]
    public void Lists_every_kind_of_member()
    {
        Type[] types = [.. typeof(ApiListingTests).Assembly.GetExportedTypes().Where(t => t.Namespace == "VlmSharp.Api.Tests.Sample")];
        Assert.Equal("""
            namespace VlmSharp.Api.Tests.Sample

                public abstract class Animal<T> : IDisposable where T : class, new()
                    public const string Kingdom = "animals"
                    public static readonly int[] Legs
                    protected T? held
                    protected Animal(T held, string? name = null)
                    public ref int this[int index, bool wrap] { get; }
                    public string? Name { get; protected set; }
                    public event EventHandler? Heard
                    public virtual void Dispose()
                    public static bool TryParse(ReadOnlySpan<char> text, in double scale, out Animal<T>? found)
                    protected abstract IReadOnlyList<string?> Voices(params string[] louder)

                public static class Extensions
                    public static void Feed<T>(this T animal, Portion portion = Portion.Half) where T : struct, Enum

                public delegate bool Filter<in T>(T item)

                public interface IShape
                    static abstract string Unit { get; }
                    double Area()

                public readonly record struct Point
                    public Point(int X, float? Y)
                    public int X { get; init; }
                    public float? Y { get; init; }

                [Flags] public enum Portion : byte
                    None = 0
                    Half = 1
                    Whole = 2

                public sealed record Query : IShape
                    public Query()
                    public required string Text { get; init; }
                    public static string Unit { get; }
                    public double Area()
                    public override string ToString()

            """.ReplaceLineEndings("\n"), ApiListing.Of(types));
    }

    [Fact]
    public void A_difference_shows_only_what_changed() =>
        Assert.Equal(["- b", "+ x", "+ d"], LineDifference.Of("a\nb\nc", "a\nx\nc\nd"));

    [Fact]
    public void Equal_texts_differ_in_nothing() => Assert.Empty(LineDifference.Of("a\nb", "a\nb"));
}
