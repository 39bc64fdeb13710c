using Microsoft.Playwright;
using VlmSharp.Conformance;
using static VlmSharp.Server.Tests.Page.ScriptedServer;

namespace VlmSharp.Server.Tests.Page;

/// <summary>The ways to give the page a picture.</summary>
[Collection(BrowserTests.Name)]
public sealed class PictureTests(BrowserFixture browser) : IAsyncLifetime
{
    // 2 by 1 pixels.
    private const string TinyBmp = "Qk0+AAAAAAAAADYAAAAoAAAAAgAAAAEAAAABABgAAAAAAAgAAAAAAAAAAAAAAAAAAAAAAAAAAAD//wAAAAA=";

    private ScriptedServer server = null!;

    public async Task InitializeAsync() =>
        server = await StartAsync((http, fields) => EndAsync(http, Answer("caption", "p", fields["image"])));

    public async Task DisposeAsync() => await server.DisposeAsync();

    [ChromiumFact]
    public Task Chosen() => browser.UseAsync(server.Origin, async page =>
    {
        IFileChooser chooser = await page.RunAndWaitForFileChooserAsync(
            () => page.GetByRole(AriaRole.Button, new() { Name = "Choose a picture" }).ClickAsync());
        await chooser.SetFilesAsync(Path.Combine(GoldenFiles.Root, "demo", "samples", "cake.png"));
        await Assertions.Expect(page.Locator("figcaption")).ToHaveTextAsync("cake.png 224 × 224");
        await ExpectSentAsync(page, "cake.png");
    });

    [ChromiumFact]
    public Task Dropped() => browser.UseAsync(server.Origin, async page =>
    {
        await page.EvaluateAsync(Transfer + """
            dispatchEvent(new DragEvent("dragenter", { dataTransfer: transfer }));
            }
            """, TinyBmp);
        await Assertions.Expect(page.GetByText("Drop the picture")).ToBeVisibleAsync();
        await page.EvaluateAsync(Transfer + """
            dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, cancelable: true }));
            }
            """, TinyBmp);
        await Assertions.Expect(page.GetByText("Drop the picture")).ToBeHiddenAsync();
        await Assertions.Expect(page.Locator("figcaption")).ToHaveTextAsync("tiny.bmp 2 × 1");
        await ExpectSentAsync(page, "tiny.bmp");
    });

    [ChromiumFact]
    public Task Pasted() => browser.UseAsync(server.Origin, async page =>
    {
        await page.EvaluateAsync(Transfer + """
            dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, cancelable: true }));
            }
            """, TinyBmp);
        await Assertions.Expect(page.Locator("figcaption")).ToHaveTextAsync("tiny.bmp 2 × 1");
    });

    [ChromiumFact]
    public Task A_picture_is_taken_with_the_camera() => browser.UseAsync(server.Origin, async page =>
    {
        await page.GetByRole(AriaRole.Button, new() { Name = "Take one" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Dialog, new() { Name = "Take a picture" })).ToBeVisibleAsync();
        await page.WaitForFunctionAsync("document.querySelector('video').videoWidth > 0");
        await page.GetByRole(AriaRole.Button, new() { Name = "Take it" }).ClickAsync();
        await Assertions.Expect(page.Locator(".stage .file")).ToHaveTextAsync("camera.png");
        await Assertions.Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        Assert.True(await page.EvaluateAsync<bool>("document.querySelector('video').srcObject === null"), "The camera is still on.");
        await ExpectSentAsync(page, "camera.png");
    });

    [ChromiumFact]
    public Task A_format_that_the_server_does_not_read_becomes_a_png() => browser.UseAsync(server.Origin, async page =>
    {
        await page.EvaluateAsync("""
            () => {
              const transfer = new DataTransfer();
              const svg = 'xmlns="http://www.w3.org/2000/svg" width="30" height="20"';
              const drawing = `<svg ${svg}><rect width="30" height="20" fill="red"/></svg>`;
              transfer.items.add(new File([drawing], "drawing.svg", { type: "image/svg+xml" }));
              dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, cancelable: true }));
            }
            """);
        await Assertions.Expect(page.Locator("figcaption")).ToHaveTextAsync("drawing.png 30 × 20");
    });

    [ChromiumFact]
    public Task A_file_that_is_not_a_picture_is_refused_and_the_previous_picture_stays() => browser.UseAsync(server.Origin, async page =>
    {
        await page.EvaluateAsync(Transfer + """
            const other = new DataTransfer();
            other.items.add(new File(["no picture"], "letter.png", { type: "image/png" }));
            dispatchEvent(new DragEvent("drop", { dataTransfer: other, cancelable: true }));
            }
            """, TinyBmp);
        await Assertions.Expect(page.Locator("#picture-error"))
            .ToContainTextAsync("letter.png is not a picture that this browser can read");
        await Assertions.Expect(page.Locator(".stage .file")).ToHaveTextAsync("sun.png");
    }, new PageView { Address = "#sample=sun" });

    private const string Transfer = """
        bytes => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([Uint8Array.from(atob(bytes), c => c.charCodeAt(0))], "tiny.bmp", { type: "image/bmp" }));

        """;

    private static async Task ExpectSentAsync(IPage page, string name)
    {
        await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator(".answer .text")).ToHaveTextAsync(name);
    }
}
