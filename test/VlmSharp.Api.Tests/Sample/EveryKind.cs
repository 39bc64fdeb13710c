namespace VlmSharp.Api.Tests.Sample;

public abstract class Animal<T> : IDisposable where T : class, new()
{
    public const string Kingdom = "animals";
    public static readonly int[] Legs = [2, 4];
    private readonly int[] counts = new int[3];
    protected T? held;

    protected Animal(T held, string? name = null) => (this.held, Name) = (held, name);

    public event EventHandler? Heard;

    public string? Name { get; protected set; }

    public ref int this[int index, bool wrap] => ref counts[wrap ? index % 3 : index];

    protected abstract IReadOnlyList<string?> Voices(params string[] louder);

    public static bool TryParse(ReadOnlySpan<char> text, in double scale, out Animal<T>? found)
    {
        found = null;
        return text.Length > scale;
    }

    public virtual void Dispose()
    {
        Heard?.Invoke(this, EventArgs.Empty);
        GC.SuppressFinalize(this);
    }

    internal void Hide() => Dispose();
}

[Flags]
public enum Portion : byte
{
    None = 0,
    Half = 1,
    Whole = 2,
}

public readonly record struct Point(int X, float? Y);

public sealed record Query : IShape
{
    public required string Text { get; init; }

    public static string Unit => "m";

    public double Area() => Text.Length;

    public override string ToString() => Text;
}

public interface IShape
{
    static abstract string Unit { get; }

    double Area();
}

public static class Extensions
{
    public static void Feed<T>(this T animal, Portion portion = Portion.Half) where T : struct, Enum => _ = (animal, portion);
}

public delegate bool Filter<in T>(T item);
