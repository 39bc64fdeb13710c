namespace VlmSharp.Scenes;

/// <summary>A kind of thing and its names.</summary>
/// <param name="Name">In the singular: "key", "red star".</param>
/// <param name="Article">Before the name: "a ", "an ", or empty for grapes.</param>
/// <param name="Plural">The plural name.</param>
internal abstract record Thing(string Name, string Article, string Plural)
{
    /// <summary>Article and name: "an octopus", "scissors".</summary>
    public string One => Article + Name;
}

/// <summary>An emoji.</summary>
/// <param name="CodePoint">Its character.</param>
internal sealed record Emoji(int CodePoint, string Name, string Article, string Plural) : Thing(Name, Article, Plural);

/// <summary>A form with a color.</summary>
/// <param name="Form">The form's name: "circle".</param>
/// <param name="Color">The color's name: "red".</param>
internal abstract record Painted(string Form, string Color, string Name, string Article, string Plural) : Thing(Name, Article, Plural);

/// <summary>A shape of a color.</summary>
internal sealed record Shape(string Form, string Color) : Painted(
    Form, Color, $"{Color} {Form}", Color == "orange" ? "an " : "a ", $"{Color} {Form}s");

/// <summary>A form that has the same name in every color and that the demo model does not know.</summary>
internal sealed record NewShape(string Form, string Color) : Painted(Form, Color, Form, "a ", Form == "cross" ? "crosses" : $"{Form}s");
